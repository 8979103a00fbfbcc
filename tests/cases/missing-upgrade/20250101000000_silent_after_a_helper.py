"""Case."""

from alembic import op

revision = "20250101000000"
down_revision = None


def helper() -> str:
    """Return a name."""
    return "invoices"


def upgrade() -> None:
    op.create_table(helper())


def downgrade() -> None:
    op.drop_table("invoices")
