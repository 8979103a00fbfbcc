"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None

shade = sa.Column("shade", sa.Enum("dark", "light", name="shade"))


def upgrade() -> None:
    mood = sa.Enum("good", "bad", name="mood")
    mood.create(op.get_bind())  # expect: lopsided-downgrade
    mood_column = sa.Column("mood", mood, sa.ForeignKey("moods.id"), server_default="good")
    op.add_column("people", mood_column)
    op.execute("UPDATE people SET mood = 'bad'")
    size = sa.Column("size", sa.Float())
    op.add_column("people", column=size)  # expect: lopsided-downgrade
    op.create_table("rooms", shade)  # expect: lopsided-downgrade


def downgrade() -> None:
    op.drop_table("rooms")
    op.drop_column("people", "mood")
