"""Case."""

from alembic import op

revision = "cccccccccccccccccccccccccccccccc"
down_revision = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"


def upgrade() -> None:
    op.create_table("invoices")


def downgrade() -> None:
    op.load_rows()
