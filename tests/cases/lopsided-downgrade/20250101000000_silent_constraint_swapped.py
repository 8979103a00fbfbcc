"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.drop_constraint("ck_a", "u")
    op.create_check_constraint("ck_b", "u", "b > 0")


def downgrade() -> None:
    op.drop_constraint("ck_b", "u")
    op.create_check_constraint("ck_a", "u", "a > 0")
