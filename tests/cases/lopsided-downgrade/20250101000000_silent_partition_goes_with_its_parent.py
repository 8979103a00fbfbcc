"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE t (a int) PARTITION BY LIST (a)")
    op.execute("CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1) PARTITION BY LIST (a)")
    op.execute("CREATE TABLE t2 PARTITION OF t1 DEFAULT")


def downgrade() -> None:
    op.execute("DROP TABLE t")
