"""Case.

Revision ID: 20250101000000
Revises: the first draft of the schema
"""

from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table("t")


def downgrade() -> None:
    op.drop_table("t")
