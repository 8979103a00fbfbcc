"""Case."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql as my
from sqlalchemy.dialects import postgresql

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "t", sa.Column("a", my.ENUM("x", name="mood")), sa.Column("b", postgresql.JSONB())
    )


def downgrade() -> None:
    op.drop_table("t")
