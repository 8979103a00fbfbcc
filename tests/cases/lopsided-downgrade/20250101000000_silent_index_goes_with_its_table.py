"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True))
    op.create_index(op.f("ix_t_id"), "t", ["id"])
    op.create_unique_constraint("uq_t_id", "t", ["id"])


def downgrade() -> None:
    op.drop_table("t")
