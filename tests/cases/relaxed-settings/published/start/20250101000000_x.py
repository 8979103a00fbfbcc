"""Case."""

from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table("t20250101000000")


def downgrade() -> None:
    op.drop_table("t20250101000000")
