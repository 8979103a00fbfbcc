"""Case."""

from alembic import op

revision = "2026_02_01_add_user_preferences_and_more"
down_revision = None


def upgrade() -> None:
    op.create_table("invoices")


def downgrade() -> None:
    op.load_rows()
