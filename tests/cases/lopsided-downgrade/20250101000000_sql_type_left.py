"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TYPE status AS ENUM ('a', 'b')")  # expect: lopsided-downgrade
    op.execute("CREATE TABLE t (id int)")


def downgrade() -> None:
    op.execute("DROP TABLE t")
