"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    with op.batch_alter_table("u") as batch_op:
        batch_op.add_column(sa.Column("a", sa.Integer()))
        batch_op.add_column(sa.Column("b", sa.Integer()))  # expect: lopsided-downgrade


def downgrade() -> None:
    with op.batch_alter_table("u") as batch_op:
        batch_op.drop_column("a")
