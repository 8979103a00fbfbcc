"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade():
    rows = op.get_bind().execute(sa.text("SELECT count(*) FROM t")).scalar()
    print(rows)


def downgrade():
    pass
