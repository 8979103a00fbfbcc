"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade():
    op.create_table("t", sa.Column("x", sa.Integer))


def downgrade():  # expect: empty-downgrade
    op.execute("SELECT 1")
