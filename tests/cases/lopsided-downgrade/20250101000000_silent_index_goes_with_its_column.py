"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.add_column("u", sa.Column("a", sa.Integer()))
    op.create_index("ix_u_a", "u", ["a"])
    op.create_foreign_key("fk_u_a", "u", "v", ["a"], ["id"])


def downgrade() -> None:
    op.drop_column("u", "a")
