"""Case."""

from alembic import op

revision = "20250101000000"
down_revision = None


class upgrade:  # noqa: N801
    """Runs when it is called."""


def downgrade() -> None:
    op.drop_table("invoices")
