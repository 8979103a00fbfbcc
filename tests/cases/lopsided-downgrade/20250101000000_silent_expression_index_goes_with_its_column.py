"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.add_column("t", sa.Column("a", sa.Text()))
    op.create_index("ix_t_lower", "t", [sa.text("lower(a)")])
    op.create_index("ix_t_b", "t", ["b"], postgresql_where=sa.text("a IS NOT NULL"))
    op.create_index("ix_t_c", "t", ["b"], postgresql_include=["a"])
    op.execute("CREATE INDEX ix_t_d ON t (b) WHERE a IS NULL")
    op.execute("CREATE INDEX ix_t_e ON t (lower(a))")
    op.execute("CREATE INDEX ix_t_f ON t (b) INCLUDE (a)")


def downgrade() -> None:
    op.drop_column("t", "a")
