"""Case."""

import logging

from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table("invoices")


def downgrade() -> None:  # expect: empty-downgrade
    logger = logging.getLogger(__name__)
    logger.info("no way back from %s", str(revision))
