"""Case."""

from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    # revgate: allow[raising-downgrade] too far away  # expect: unused-allow
    op.create_table("invoices")


def downgrade() -> None:
    raise NotImplementedError  # expect: raising-downgrade
