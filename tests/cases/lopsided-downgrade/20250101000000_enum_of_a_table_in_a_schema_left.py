"""Case: the type is in one of two schemas, by the version of SQLAlchemy, and dropped in neither."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table(  # expect: lopsided-downgrade
        "u", sa.Column("a", sa.Enum("x", name="tone")), schema="s"
    )


def downgrade() -> None:
    op.drop_table("u", schema="s")
