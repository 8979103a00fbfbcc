"""Case."""

from alembic import op

revision = "m"
down_revision = ("h1", "r2")


def upgrade() -> None:
    op.load_rows()


def downgrade() -> None:
    op.clear_rows()
