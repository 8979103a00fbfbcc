"""Case."""  # expect: file-name

from alembic import op

revision = "20251301000000"
down_revision = None


def upgrade() -> None:
    op.create_table("invoices")


def downgrade() -> None:
    op.drop_table("invoices")
