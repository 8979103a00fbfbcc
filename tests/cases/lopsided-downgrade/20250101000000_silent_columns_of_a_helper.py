"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def audit() -> list[sa.Column]:
    return [sa.Column("at", sa.DateTime())]


def upgrade() -> None:
    op.create_table("t", sa.Column("id", sa.Integer()), *audit())


def downgrade() -> None:
    op.drop_table("t")
