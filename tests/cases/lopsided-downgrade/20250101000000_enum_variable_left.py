"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None

status = sa.Enum("a", "b", name="status")


def upgrade() -> None:
    status.create(op.get_bind(), checkfirst=True)  # expect: lopsided-downgrade
    op.add_column("u", sa.Column("s", status))


def downgrade() -> None:
    op.drop_column("u", "s")
