"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True))


def downgrade() -> None:
    op.drop_index("ix_t_id", table_name="t")
    op.drop_table("t")
