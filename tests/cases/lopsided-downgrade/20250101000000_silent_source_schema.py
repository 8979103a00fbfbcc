"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.create_foreign_key("fk_t_u", "t", "u", ["u_id"], ["id"], source_schema="s", referent_schema="s")


def downgrade() -> None:
    op.drop_constraint("fk_t_u", "t", schema="s", type_="foreignkey")
