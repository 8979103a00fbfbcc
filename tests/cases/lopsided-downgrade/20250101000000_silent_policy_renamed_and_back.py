"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.execute("ALTER POLICY a ON t RENAME TO b")
    op.execute("DROP TABLE x")


def downgrade() -> None:
    op.execute("ALTER POLICY b ON t RENAME TO a")
