"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None

view = object()


def upgrade() -> None:
    op.create_view(view)
    op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True))


def downgrade() -> None:
    op.drop_view(view)
