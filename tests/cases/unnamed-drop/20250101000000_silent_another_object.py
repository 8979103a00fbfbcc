"""Case."""

from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.load_rows()


def downgrade() -> None:
    cache = registry()
    cache.drop_index(None)
