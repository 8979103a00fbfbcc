"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE t (a text NOT NULL DEFAULT 'now', b varchar(9) DEFAULT 'today')")


def downgrade() -> None:
    op.execute("DROP TABLE t")
