"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None

NAMES = ["a", "b"]


def upgrade() -> None:
    for name in NAMES:
        op.create_table(name)


def downgrade() -> None:
    op.drop_table("a")
    op.drop_table("b")
