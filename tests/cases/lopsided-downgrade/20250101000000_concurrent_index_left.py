"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index("ix_u_a", "u", ["a"], postgresql_concurrently=True)  # expect: lopsided-downgrade


def downgrade() -> None:
    op.execute("UPDATE u SET a = 1")
