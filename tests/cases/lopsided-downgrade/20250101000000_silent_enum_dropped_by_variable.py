"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None

status = sa.Enum("a", "b", name="status")


def upgrade() -> None:
    op.create_table("t", sa.Column("s", status))


def downgrade() -> None:
    op.drop_table("t")
    status.drop(op.get_bind())
