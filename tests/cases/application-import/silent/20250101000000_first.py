"""Case."""

import json

import geoalchemy2
import sqlalchemy as sa
from alembic import op
from migrations.helpers import columns
from sqlalchemy.dialects import postgresql

from . import nearby

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_table("t", *columns())


def downgrade() -> None:
    op.drop_table("t")
