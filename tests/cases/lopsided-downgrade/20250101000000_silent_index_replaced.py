"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.drop_index("ix_u", table_name="u")
    op.create_index("ix_u", "u", ["a", "b"])


def downgrade() -> None:
    op.drop_index("ix_u", table_name="u")
    op.create_index("ix_u", "u", ["a"])
