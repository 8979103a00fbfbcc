"""Case."""

from alembic import op

revision = "20250101000000"
down_revision = None


class Steps:
    def downgrade(self) -> None:
        pass


def upgrade() -> None:  # expect: missing-downgrade
    op.create_table("invoices")
