"""Case."""

from alembic import op

revision = "20250101000000"
down_revision = None

globals().update(upgrade=lambda: op.create_table("invoices"))


def downgrade() -> None:
    op.drop_table("invoices")
