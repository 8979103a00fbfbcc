"""Case.

Revision ID: `20250103000000`.
Revises: 20240101000000 (head)  # expect: stale-docstring
"""

from alembic import op

revision = "20250103000000"
down_revision = "20250101000000"


def upgrade() -> None:
    op.create_table("t")


def downgrade() -> None:
    op.drop_table("t")
