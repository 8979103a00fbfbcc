"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.execute("DO $$ BEGIN CREATE TYPE x AS ENUM ('a'); END $$")


def downgrade() -> None:
    op.execute("DROP TYPE x")
