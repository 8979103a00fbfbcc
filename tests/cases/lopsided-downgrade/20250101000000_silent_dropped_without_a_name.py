"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_foreign_key("fk_u_a_v", "u", "v", ["a"], ["id"])


def downgrade() -> None:
    op.drop_constraint(None, "u", type_="foreignkey")  # expect: unnamed-drop
