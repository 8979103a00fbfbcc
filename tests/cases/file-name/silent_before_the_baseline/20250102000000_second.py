"""Case."""

from alembic import op

revision = "20250102000000"
down_revision = "ae1027a6acf4"


def upgrade() -> None:
    op.create_table("invoices")


def downgrade() -> None:
    op.drop_table("invoices")
