"""Case."""

from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    raise NotImplementedError


def downgrade() -> None:
    op.drop_table("invoices")
