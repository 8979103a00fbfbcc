"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.execute("SELECT create_hypertable('t')")


def downgrade() -> None:
    pass  # expect@14: empty-downgrade
