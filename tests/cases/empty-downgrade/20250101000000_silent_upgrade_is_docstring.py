"""Case."""

from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    """Marks a release."""


def downgrade() -> None:
    ...
