"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.execute("SET search_path TO s")
    op.create_table("t", sa.Column("a", sa.Integer()))


def downgrade() -> None:
    op.execute("DROP TABLE s.t")
