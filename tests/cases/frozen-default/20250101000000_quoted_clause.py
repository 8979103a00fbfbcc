"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade():
    op.add_column("t", sa.Column("a", sa.DateTime, server_default=sa.text("'now'")))  # expect: frozen-default


def downgrade():
    op.drop_column("t", "a")
