"""Case."""

from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.load_rows()


def downgrade() -> None:
    op.drop_constraint(table_name="invoices", constraint_name=None)  # expect: unnamed-drop
