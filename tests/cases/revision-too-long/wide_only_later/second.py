"""Case."""

from alembic import op

revision = "second"
down_revision = "2026_02_01_add_user_preferences_and_more"


def upgrade() -> None:
    op.alter_column("alembic_version", "version_num", type_=sa.String(100))


def downgrade() -> None:
    op.load_rows()
