"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.execute("ALTER TABLE t -- not DEFAULT 'now'\n ADD a int /* default 'now()' */")


def downgrade() -> None:
    op.execute("ALTER TABLE t DROP a")
