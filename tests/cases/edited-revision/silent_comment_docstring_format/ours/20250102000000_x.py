"""Another title."""

import sqlalchemy as sa

from alembic import op

revision: str = "20250102000000"
down_revision: str | None = "20250101000000"


# a comment
def upgrade():
    """Do it."""
    op.create_table(
        "t20250102000000",
    )


def downgrade() -> "None":
    op.drop_table('t20250102000000')
