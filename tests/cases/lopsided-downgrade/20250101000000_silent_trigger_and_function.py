"""Case."""

import sqlalchemy as sa
from alembic import op

revision = "20250101000000"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$")
    op.execute("CREATE TRIGGER tg BEFORE UPDATE ON u FOR EACH ROW EXECUTE FUNCTION f()")


def downgrade() -> None:
    op.execute("DROP TRIGGER tg ON u")
    op.execute("DROP FUNCTION f()")
