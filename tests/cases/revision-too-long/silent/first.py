"""Case."""

from alembic import op

revision = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
down_revision = None


def upgrade() -> None:
    op.create_table("invoices")


def downgrade() -> None:
    op.load_rows()
