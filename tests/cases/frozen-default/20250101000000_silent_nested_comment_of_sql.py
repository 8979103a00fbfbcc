"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade():
    op.execute("""/* /* x */ DEFAULT 'now' */ SELECT f()""")


def downgrade():
    op.execute("x")
