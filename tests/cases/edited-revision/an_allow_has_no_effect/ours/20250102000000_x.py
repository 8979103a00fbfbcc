"""Case."""  # expect@5: edited-revision, unused-allow

from alembic import op

revision = "20250102000000"  # revgate: allow[edited-revision] it has run nowhere yet
down_revision = "20250101000000"


def upgrade() -> None:
    op.create_table("other")


def downgrade() -> None:
    op.drop_table("other")
