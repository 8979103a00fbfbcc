"""Case."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade():
    op.add_column("t", sa.Column("a", sqlmodel.sql.sqltypes.AutoString(), server_default="now"))


def downgrade():
    op.drop_column("t", "a")
