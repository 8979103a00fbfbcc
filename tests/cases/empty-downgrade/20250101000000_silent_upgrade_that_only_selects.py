"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.execute("SELECT 1")
    op.execute(sa.text("ANALYZE t"))


def downgrade() -> None:
    pass
