"""Case."""

from typing import TYPE_CHECKING

from alembic import op

if not TYPE_CHECKING:
    from shop.models import Customer  # expect: application-import

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table("t")


def downgrade() -> None:
    op.drop_table("t")
