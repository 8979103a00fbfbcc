"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_index("ix_t_a", "t", ["a"], schema="s")


def downgrade() -> None:
    op.execute("DROP INDEX s.ix_t_a")
