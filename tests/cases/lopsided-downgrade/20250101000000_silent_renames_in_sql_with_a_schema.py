"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.execute("ALTER TABLE s.a RENAME TO b")
    op.execute("ALTER INDEX s.ix_a RENAME TO ix_b")
    op.execute("ALTER INDEX uq_a RENAME TO uq_b")


def downgrade() -> None:
    op.execute("ALTER TABLE t RENAME CONSTRAINT uq_b TO uq_a")
    op.execute("ALTER INDEX s.ix_b RENAME TO ix_a")
    op.execute("ALTER TABLE s.b RENAME TO a")
