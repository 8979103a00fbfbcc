"""Case."""

from alembic import op

revision = "20250101000000"
down_revision = None

for upgrade in (lambda: op.execute("SELECT 1"),):
    pass


def downgrade() -> None:
    op.drop_table("invoices")
