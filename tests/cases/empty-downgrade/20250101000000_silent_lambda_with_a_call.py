"""Case."""

from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table("invoices")


downgrade = lambda: op.drop_table("invoices")  # noqa: E731
