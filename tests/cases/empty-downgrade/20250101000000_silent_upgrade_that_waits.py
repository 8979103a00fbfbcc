"""Case."""

import time

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade():
    time.sleep(1)


def downgrade():
    pass
