"""Revision files for tests that want many, in which no rule finds anything."""

from __future__ import annotations


def revision(key: str, down: str | None, column: str = "id", drop: bool = True) -> str:
    """Write a revision file in which no rule finds anything."""
    return f'''"""Add table t{key}.

Revision ID: {key}
Revises: {down or ""}
Create Date: {key[:4]}-{key[4:6]}-{key[6:8]} 00:00:00

"""

import sqlalchemy as sa
from alembic import op

revision = "{key}"
down_revision = {f'"{down}"' if down else None}
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("t{key}", sa.Column("{column}", sa.Integer, primary_key=True))


def downgrade() -> None:
    {f'op.drop_table("t{key}")' if drop else "pass"}
'''
