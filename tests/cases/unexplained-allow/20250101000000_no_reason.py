"""Case."""

from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table("invoices")


def downgrade() -> None:
    # revgate: allow[raising-downgrade]
    raise NotImplementedError
# expect@14: unexplained-allow
