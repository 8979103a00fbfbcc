"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.execute("ALTER TABLE a RENAME COLUMN x TO y")
    op.execute("ALTER TABLE a RENAME TO b")
    op.rename_table("c", "d")
    op.add_column("d", sa.Column("z", sa.Integer()))


def downgrade() -> None:
    op.rename_table("d", "c")
    op.drop_column("c", "z")
    op.execute("ALTER TABLE b RENAME TO a")
    op.execute("ALTER TABLE a RENAME COLUMN y TO x")
