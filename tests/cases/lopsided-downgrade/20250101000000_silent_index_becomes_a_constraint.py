"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE UNIQUE INDEX CONCURRENTLY uix ON u (a)")
    op.execute("ALTER TABLE u ADD CONSTRAINT uix UNIQUE USING INDEX uix")


def downgrade() -> None:
    op.drop_constraint("uix", "u", type_="unique")
