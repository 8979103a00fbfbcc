"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table("t", sa.Column("a", sa.Enum("x", name="mood", inherit_schema=True)), schema="s")
    op.create_table("u", sa.Column("a", sa.Enum("x", name="tone")), schema="s")
    op.create_table("v", sa.Column("a", sa.Enum("x", name="hue")), schema="s")


def downgrade() -> None:
    op.drop_table("v", schema="s")
    op.drop_table("u", schema="s")
    op.drop_table("t", schema="s")
    op.execute("DROP TYPE s.mood")
    op.execute("DROP TYPE tone")
    op.execute("DROP TYPE IF EXISTS hue, s.hue")
