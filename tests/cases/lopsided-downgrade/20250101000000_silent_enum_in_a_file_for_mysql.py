"""Case."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "t",
        sa.Column("id", mysql.INTEGER(unsigned=True)),
        sa.Column("mood", sa.Enum("good", "bad", name="mood")),
    )


def downgrade() -> None:
    op.drop_table("t")
