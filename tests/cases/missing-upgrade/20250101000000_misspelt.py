"""Case."""

from alembic import op

revision = "20250101000000"
down_revision = None


def upgarde() -> None:  # expect: missing-upgrade
    op.create_table("invoices")


def downgrade() -> None:
    op.drop_table("invoices")
