"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.execute("""
        -- a comment; with a semicolon
        CREATE TABLE t (id int);
        CREATE INDEX ix_t ON t (id);
        INSERT INTO t VALUES (1); /* done; */
        ALTER TABLE u ADD COLUMN a int, ADD CONSTRAINT ck CHECK (a > 0);
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE u DROP CONSTRAINT ck, DROP COLUMN a; DROP TABLE public.t;")
