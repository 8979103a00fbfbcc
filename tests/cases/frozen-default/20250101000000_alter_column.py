"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.alter_column("u", "a", server_default="now()")  # expect: frozen-default


def downgrade() -> None:
    op.alter_column("u", "a", server_default=None)
