"""Case."""

import alembic.op as operations
from alembic import op as o

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    o.create_unique_constraint(None, "users", ["email"])
    o.create_index("ix_users_email", "users", ["email"])


def downgrade() -> None:
    operations.drop_index(None, table_name="users")  # expect: unnamed-drop
    o.drop_constraint(None, "users", type_="unique")  # expect: unnamed-drop
