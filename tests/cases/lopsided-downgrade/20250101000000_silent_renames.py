"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.rename_table("a", "b")
    op.alter_column("u", "x", new_column_name="y")


def downgrade() -> None:
    op.alter_column("u", "y", new_column_name="x")
    op.rename_table("b", "a")
