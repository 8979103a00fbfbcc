"""Case."""

from alembic import op

revision = "20250103000000"
down_revision = "20250101000000"  # expect: multiple-heads


def upgrade() -> None:
    op.create_table("invoices")


def downgrade() -> None:
    op.drop_table("invoices")
