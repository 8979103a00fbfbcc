"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade():
    raise ValueError("use DEFAULT 'now'")


def downgrade():
    pass
