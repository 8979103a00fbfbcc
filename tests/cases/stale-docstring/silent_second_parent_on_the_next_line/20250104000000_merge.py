"""Case.

Revision ID: 20250104000000
Revises: 20250103000000,
    20250102000000
Create Date: 2025-01-04 00:00:00
"""

from alembic import op

revision = "20250104000000"
down_revision = ("20250102000000", "20250103000000")


def upgrade() -> None:
    op.create_table("invoices")


def downgrade() -> None:
    op.drop_table("invoices")
