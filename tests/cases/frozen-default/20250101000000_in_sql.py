"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.execute("ALTER TABLE u ADD COLUMN a timestamptz DEFAULT 'now()'")  # expect: frozen-default


def downgrade() -> None:
    op.drop_column("u", "a")
