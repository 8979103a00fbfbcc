"""Case."""

import redis
from alembic import op
from pgvector.sqlalchemy import Vector

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table("t")


def downgrade() -> None:
    op.drop_table("t")
