"""Case."""

from alembic import op

revision = "abc"
down_revision = None


def upgrade() -> None:
    op.create_table("invoices")


def downgrade() -> None:
    op.drop_table("invoices")
