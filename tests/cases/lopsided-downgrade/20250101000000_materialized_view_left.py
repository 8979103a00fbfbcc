"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table("t", sa.Column("a", sa.Integer()))
    op.execute("CREATE MATERIALIZED VIEW v AS SELECT 1 AS a")  # expect: lopsided-downgrade


def downgrade() -> None:
    op.drop_table("t")
