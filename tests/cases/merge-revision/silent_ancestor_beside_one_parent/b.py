"""Case."""

from alembic import op

revision = "r2"
down_revision = "r1"


def upgrade() -> None:
    op.load_rows()


def downgrade() -> None:
    op.clear_rows()
