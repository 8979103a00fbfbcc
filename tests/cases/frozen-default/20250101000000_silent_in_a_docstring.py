"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    """Replaces DEFAULT 'now' by an expression."""
    op.execute("SELECT 1")


def downgrade() -> None:
    pass
