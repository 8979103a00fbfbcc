"""Case."""

from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.drop_constraint(None, "invoices")  # expect: unnamed-drop


def downgrade() -> None:
    op.load_rows()
