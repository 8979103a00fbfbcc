"""Case: a variable is what was last assigned to it."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None

column = sa.Column("old", sa.Integer())


def upgrade() -> None:
    column = sa.Column("mood", sa.Text())
    op.add_column("people", column)
    column = sa.Column("size", sa.Text())
    op.add_column("people", column)


def downgrade() -> None:
    op.drop_column("people", "size")
    op.drop_column("people", "mood")
