"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.execute("UPDATE u SET a = 1")


def downgrade() -> None:
    op.execute("UPDATE u SET a = NULL")
