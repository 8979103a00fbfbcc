"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def make() -> None:
    op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True))  # expect: lopsided-downgrade


def upgrade() -> None:
    make()


def downgrade() -> None:
    op.execute("UPDATE u SET a = 1")
