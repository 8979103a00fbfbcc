"""Case: the table is made on both, and the type is left on PostgreSQL."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, postgresql

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table(  # expect: lopsided-downgrade
        "t",
        sa.Column("id", sa.Integer().with_variant(mysql.INTEGER(unsigned=True), "mysql")),
        sa.Column("data", sa.JSON().with_variant(postgresql.JSONB(), "postgresql")),
        sa.Column("mood", sa.Enum("good", "bad", name="mood")),
    )


def downgrade() -> None:
    op.drop_table("t")
