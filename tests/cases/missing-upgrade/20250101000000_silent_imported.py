"""Case."""

from alembic import op
from steps import upgrade

revision = "20250101000000"
down_revision = None


def downgrade() -> None:
    op.drop_table("invoices")
