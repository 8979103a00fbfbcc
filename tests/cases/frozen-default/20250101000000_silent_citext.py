"""Case."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20250101000000"
down_revision = None


def upgrade():
    op.add_column("t", sa.Column("a", postgresql.CITEXT(), server_default="now"))


def downgrade():
    op.drop_column("t", "a")
