"""Case."""

from alembic import op

revision = "20250101000000"
down_revision = "20240101000000"  # revgate: allow[missing-parent] x  # expect: missing-parent, unused-allow


def upgrade() -> None:
    op.create_table("invoices")


def downgrade() -> None:
    op.drop_table("invoices")
