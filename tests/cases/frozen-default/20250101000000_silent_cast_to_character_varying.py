"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade():
    op.execute("ALTER TABLE t ALTER a SET DEFAULT 'now'::character varying")


def downgrade():
    op.execute("x")
