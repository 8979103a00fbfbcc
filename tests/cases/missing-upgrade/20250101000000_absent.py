"""Case."""  # expect: missing-upgrade

from alembic import op

revision = "20250101000000"
down_revision = None


def downgrade() -> None:
    op.drop_table("invoices")
