"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA billing")
    op.create_table("t", sa.Column("id", sa.Integer()), schema="billing")


def downgrade() -> None:
    op.execute("DROP SCHEMA billing CASCADE")
