"""Case."""

from alembic import op

revision = "first"
down_revision = None


def upgrade() -> None:
    op.alter_column("alembic_version", "version_num", type_=sa.String(100))


def downgrade() -> None:
    op.load_rows()
