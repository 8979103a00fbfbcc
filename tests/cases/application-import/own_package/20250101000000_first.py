"""Case."""

from alembic import op
from migrations_helpers import x
from shop.models import Customer  # expect: application-import
import shop  # expect: application-import

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    from settings_of_shop import DEBUG  # expect: application-import

    op.create_table("t")


def downgrade() -> None:
    op.drop_table("t")
