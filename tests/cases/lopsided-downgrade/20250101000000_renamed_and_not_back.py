"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.rename_table("a", "b")  # expect: lopsided-downgrade, lopsided-downgrade


def downgrade() -> None:
    op.execute("UPDATE u SET a = 1")
