"""Case."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table("t", sa.Column("a", mysql.ENUM("x", name="mood")))


def downgrade() -> None:
    op.drop_table("t")
