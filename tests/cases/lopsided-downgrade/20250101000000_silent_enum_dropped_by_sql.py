"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table("t", sa.Column("s", sa.Enum("a", name="status")))


def downgrade() -> None:
    op.drop_table("t")
    op.execute("DROP TYPE status")
