"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_index("ix_t_a", "t", ["a"], schema="s")
    op.create_unique_constraint("uq_t_b", "t", ["b"], schema="s")


def downgrade() -> None:
    op.drop_index("ix_t_a", table_name="t")
    op.drop_constraint("uq_t_b", "t")
