"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.add_column("t", sa.Column("a", sa.Integer()))
    op.execute("CREATE SEQUENCE t_a_seq")
    op.execute("ALTER SEQUENCE t_a_seq OWNED BY t.a")
    op.execute("CREATE SEQUENCE t_b_seq OWNED BY t.a")


def downgrade() -> None:
    op.drop_column("t", "a")
