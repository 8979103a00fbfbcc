"""Case.

Revision ID: 20250101000000
Revises: -
Create Date: 2025-01-01 00:00:00
"""

from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table("invoices")


def downgrade() -> None:
    op.drop_table("invoices")
