"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.add_column("u", sa.Column("tmp", sa.Integer()))
    op.execute("UPDATE u SET tmp = 1")
    op.drop_column("u", "tmp")


def downgrade() -> None:
    op.execute("UPDATE u SET a = 1")
