"""Case."""

from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:  # expect: missing-downgrade
    def downgrade() -> None:
        pass

    op.create_table("invoices")
