"""Case."""

from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.load_rows()


def downgrade() -> None:
    op.drop_constraint("invoices_pkey", "invoices", schema=None)
    op.drop_index("ix", table_name=None)
