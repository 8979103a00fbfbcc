"""Case."""

from alembic import op

revision = "20250103000000"  # expect: duplicate-revision
down_revision = "20250102000000"


def upgrade() -> None:
    op.create_table("t20250103000000")


def downgrade() -> None:
    op.drop_table("t20250103000000")
