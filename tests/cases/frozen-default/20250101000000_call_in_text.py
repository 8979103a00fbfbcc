"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.add_column("u", sa.Column("a", sa.Text(), server_default="now()"))  # expect: frozen-default


def downgrade() -> None:
    op.drop_column("u", "a")
