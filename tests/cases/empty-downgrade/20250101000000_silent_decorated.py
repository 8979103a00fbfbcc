"""Case."""

import sqlalchemy as sa
from alembic import op
from shared import undo

revision = "20250101000000"
down_revision = None


def upgrade():
    op.create_table("t", sa.Column("x", sa.Integer))

@undo('t')
def downgrade():
    pass
