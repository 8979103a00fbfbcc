"""Case."""

from alembic import op

revision = "29990101000000"  # expect: future-timestamp
down_revision = None


def upgrade() -> None:
    op.create_table("invoices")


def downgrade() -> None:
    op.drop_table("invoices")
