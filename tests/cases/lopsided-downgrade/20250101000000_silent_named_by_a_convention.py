"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_check_constraint("pos", "u", "a > 0")


def downgrade() -> None:
    op.drop_constraint("ck_u_pos", "u")
