"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE MATERIALIZED VIEW v AS SELECT 1 AS a")
    op.create_index("ix_v_a", "v", ["a"])


def downgrade() -> None:
    op.execute("DROP MATERIALIZED VIEW v")
