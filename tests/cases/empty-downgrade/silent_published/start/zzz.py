"""Case."""

from alembic import op

revision = "ff"
down_revision = "20250101000000"


def upgrade() -> None:
    op.create_table("tff")


def downgrade() -> None:
    pass
