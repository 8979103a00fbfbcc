"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE t (a text, b timestamp DEFAULT 'now')")  # expect: frozen-default


def downgrade() -> None:
    op.execute("DROP TABLE t")
