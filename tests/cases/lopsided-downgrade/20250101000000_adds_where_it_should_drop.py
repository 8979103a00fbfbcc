"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.add_column("u", sa.Column("a", sa.Float()))
    op.add_column("v", sa.Column("a", sa.Float()))  # expect: lopsided-downgrade


def downgrade() -> None:
    op.drop_column("u", "a")
    op.add_column("v", sa.Column("a", sa.Float()))
