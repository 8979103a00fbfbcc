"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.add_column("u", sa.Column("a", sa.Integer(), index=True, unique=True))


def downgrade() -> None:
    op.drop_index("ix_u_a")
    op.drop_constraint("uq_u_a", "u", type_="unique")
    op.drop_column("u", "a")
