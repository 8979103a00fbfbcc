"""Case."""

from alembic import op

revision = "20250104000000"
down_revision = "20250102000000"  # expect: multiple-heads


def upgrade() -> None:
    op.create_table("t20250104000000")


def downgrade() -> None:
    op.drop_table("t20250104000000")
