"""Case."""

from typing import TYPE_CHECKING

from alembic import op

if False:
    from shop.models import Customer
elif TYPE_CHECKING and True:
    from shop.models import Order

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table("t")


def downgrade() -> None:
    op.drop_table("t")
