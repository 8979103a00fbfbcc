"""Case."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import ENUM

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table("t", sa.Column("a", ENUM("x", name="mood")))


def downgrade() -> None:
    op.drop_table("t")
