"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True))
    op.create_index("ix_t_id", "t", ["id"])
    op.add_column("u", sa.Column("a", sa.Integer()))


def downgrade() -> None:
    op.drop_column("u", "a")
    op.drop_index("ix_t_id", table_name="t")
    op.drop_table("t")
