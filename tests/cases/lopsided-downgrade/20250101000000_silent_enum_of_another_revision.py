"""Case."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table("t", sa.Column("s", postgresql.ENUM("a", name="status", create_type=False)))


def downgrade() -> None:
    op.drop_table("t")
