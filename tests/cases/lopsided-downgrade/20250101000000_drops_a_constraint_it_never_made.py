"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True))


def downgrade() -> None:
    op.drop_constraint("uq_u_a", "u", type_="unique")  # expect: lopsided-downgrade
    op.drop_table("t")
