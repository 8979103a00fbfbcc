"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.add_column("u", sa.Column("a", sa.Integer()))
    op.create_check_constraint("ck_u_z", "u", "z > 0")  # expect: lopsided-downgrade


def downgrade() -> None:
    op.drop_column("u", "a")
