"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.add_column("t", sa.Column("a", sa.Integer()))
    op.create_check_constraint("ck_t_a", "t", "a > 0")


def downgrade() -> None:
    op.drop_column("t", "a")
