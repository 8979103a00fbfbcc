"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade():
    print("setting DEFAULT 'now' everywhere")
    op.execute("x")


def downgrade():
    op.execute("y")
