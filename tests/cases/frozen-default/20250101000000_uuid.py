"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.add_column("u", sa.Column("a", sa.Uuid(), server_default="gen_random_uuid()"))  # expect: frozen-default


def downgrade() -> None:
    op.drop_column("u", "a")
