"""Case."""

from alembic import op

revision = "äöüäöüäöüäöüäöüäöüäöüäöüäöüäöüab"
down_revision = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"


def upgrade() -> None:
    op.create_table("invoices")


def downgrade() -> None:
    op.load_rows()
