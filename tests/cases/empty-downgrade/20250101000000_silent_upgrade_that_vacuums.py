"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade():
    with op.get_context().autocommit_block():
        op.execute("VACUUM (ANALYZE) users")


def downgrade():
    pass
