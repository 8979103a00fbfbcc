"""Case."""

from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.load_rows()


def downgrade() -> None:
    name = None
    name = find_name()
    op.drop_constraint(name, "invoices")
