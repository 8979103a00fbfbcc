"""Case."""

from alembic import op

revision = "m"
down_revision = ("h1", "h2", "r2")  # expect: merge-revision


def upgrade() -> None:
    op.load_rows()


def downgrade() -> None:
    op.clear_rows()
