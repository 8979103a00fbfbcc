"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def name() -> str:
    return "t"


def upgrade() -> None:
    op.create_table(name(), sa.Column("id", sa.Integer()))


def downgrade() -> None:
    op.drop_table(name())
