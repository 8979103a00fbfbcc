"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    conn = op.get_bind()
    if "t" in sa.inspect(conn).get_table_names():
        return


def downgrade() -> None:
    pass
