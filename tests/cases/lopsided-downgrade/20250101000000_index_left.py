"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True))
    op.create_index("ix_u_c", "u", ["c"])  # expect: lopsided-downgrade


def downgrade() -> None:
    op.drop_table("t")
