"""Case."""

from alembic import op

revision = "20250101000000"
down_revision = None
from legacy import downgrade


def upgrade() -> None:
    op.create_table("invoices")
