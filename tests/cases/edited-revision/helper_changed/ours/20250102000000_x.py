"""Case."""

from alembic import op

revision = "20250102000000"  # expect: edited-revision
down_revision = "20250101000000"


def helper():
    return 2


def upgrade() -> None:
    op.create_table("t20250102000000", comment=str(helper()))


def downgrade() -> None:
    op.drop_table("t20250102000000")
