"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.add_column("t", sa.Column("a", sa.Integer()))
    op.create_index("ix_t_b", "t", ["b"])  # expect: lopsided-downgrade


def downgrade() -> None:
    op.drop_column("t", "a")
