"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade():
    with op.batch_alter_table("t") as b:
        pass


def downgrade():
    pass
