"""Case."""

from alembic import op

revision = "r1"
down_revision = None


def upgrade() -> None:
    op.load_rows()


def downgrade() -> None:
    op.clear_rows()
