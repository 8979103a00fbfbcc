"""Case."""

import sqlalchemy as sa
from alembic import op
from shared import make_column

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    column = sa.Column("mood", sa.Text())
    column = make_column()
    op.add_column("people", column)


def downgrade() -> None:
    op.drop_column("people", "size")
