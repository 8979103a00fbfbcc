"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade():
    op.execute("CREATE TABLE t (a timestamp DEFAULT 'now'::timestamp)")  # expect: frozen-default


def downgrade():
    op.execute("x")
