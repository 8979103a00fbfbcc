"""Case."""

from alembic import op
from company.shop.models import Customer  # expect: application-import

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table("t")


def downgrade() -> None:
    op.drop_table("t")
