"""Case."""

from alembic import op

revision = "h1"
down_revision = "r2"


def upgrade() -> None:
    op.load_rows()


def downgrade() -> None:
    op.clear_rows()
