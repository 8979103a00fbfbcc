"""Case."""  # expect: missing-upgrade

from alembic import op

revision = "20250101000000"
down_revision = None

TEXT = """
def upgrade() -> None:
    pass
"""


def downgrade() -> None:
    op.drop_table("invoices")
