"""Case."""

import importlib

from alembic import op

models = importlib.import_module("shop.models")  # expect: application-import
shop = __import__("shop")  # expect: application-import
found = importlib.import_module(models.name)

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table("t")


def downgrade() -> None:
    op.drop_table("t")
