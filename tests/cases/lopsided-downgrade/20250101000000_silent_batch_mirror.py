"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    with op.batch_alter_table("u", schema=None) as batch_op:
        batch_op.add_column(sa.Column("a", sa.Integer()))
        batch_op.create_index(batch_op.f("ix_u_a"), ["a"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("u", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_u_a"))
        batch_op.drop_column("a")
