"""Generates histories of any size, as Alembic's template writes them.

Knows nothing of revgate: what it makes is what every tool in the comparison reads.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

REVISION = '''\
"""add {table}

Revision ID: {stamp}
Revises: {parent}
Create Date: {date}

"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision: str = "{stamp}"
down_revision: str | Sequence[str] | None = {parent_literal}
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


{functions}'''
TABLE = '''\
def upgrade() -> None:
    """Upgrade schema."""
    op.create_table(
        "{table}",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_{table}")),
    )
    op.create_index(op.f("ix_{table}_name"), "{table}", ["name"], unique=False)
    op.add_column("{table}", sa.Column("note", sa.Text(), nullable=True))


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_column("{table}", "note")
    op.drop_index(op.f("ix_{table}_name"), table_name="{table}")
    op.drop_table("{table}")
'''
MIXED = (
    TABLE,
    """\
def upgrade() -> None:
    op.add_column("{earlier}", sa.Column("state_{number}", sa.String(length=20), nullable=True))
    op.create_index("ix_{earlier}_{number}", "{earlier}", ["state_{number}"])


def downgrade() -> None:
    op.drop_index("ix_{earlier}_{number}", table_name="{earlier}")
    op.drop_column("{earlier}", "state_{number}")
""",
    """\
def upgrade() -> None:
    op.execute("CREATE TYPE kind_{number} AS ENUM ('one', 'two')")
    op.execute("ALTER TABLE {earlier} ADD kind_{number} kind_{number} DEFAULT 'one'")


def downgrade() -> None:
    op.drop_column("{earlier}", "kind_{number}")
    op.execute("DROP TYPE kind_{number}")
""",
    """\
def upgrade() -> None:
    op.execute("CREATE VIEW view_{number} AS SELECT id, name FROM {earlier}")
    op.execute("COMMENT ON TABLE {earlier} IS 'of revision {number}'")


def downgrade() -> None:
    op.execute("COMMENT ON TABLE {earlier} IS NULL")
    op.execute("DROP VIEW view_{number}")
""",
    """\
def upgrade() -> None:
    op.create_table(
        "{table}",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("parent", sa.Uuid(), sa.ForeignKey("{earlier}.id", name="fk_{table}")),
    )
    op.create_check_constraint("ck_{table}", "{table}", "id > 0")


def downgrade() -> None:
    op.drop_constraint("ck_{table}", "{table}", type_="check")
    op.drop_table("{table}")
""",
)
"""A table, a column with an index, an enum, a view and a comment, a foreign key; in turn."""
ENVIRONMENT = """\
from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
"""
FIRST = datetime(2020, 1, 1, tzinfo=UTC)


def write_history(
    root: Path,
    count: int,
    url: str = "postgresql://nobody@127.0.0.1:1/none",
    *,
    mixed: bool = False,
) -> None:
    """Write an Alembic project into an empty folder.

    Args:
        root: The folder.
        count: Of revisions.
        url: Of the database in alembic.ini.
        mixed: Whether they take turns as in `MIXED`; otherwise each creates a table.
    """
    versions = root / "migrations" / "versions"
    versions.mkdir(parents=True)
    (root / "alembic.ini").write_text(
        f"[alembic]\nscript_location = migrations\npath_separator = os\nsqlalchemy.url = {url}\n"
    )
    (root / "migrations" / "env.py").write_text(ENVIRONMENT)
    (root / "migrations" / "script.py.mako").write_text("")
    parent = None
    for number in range(count):
        body = MIXED[number % len(MIXED)] if mixed else TABLE
        parent = write_revision(versions, number, parent, body)


def write_revision(versions: Path, number: int, parent: str | None, body: str = TABLE) -> str:
    """Write revision number `number`, counted from 0, with a parent; return its id.

    Args:
        versions: The folder.
        number: Of the revision.
        parent: Its id; None for none.
        body: Its functions.
    """
    made = FIRST + timedelta(hours=number)
    stamp = made.strftime("%Y%m%d%H%M%S")
    table = f"table_{number}"
    functions = body.format(
        table=table, number=number, earlier=f"table_{number - number % len(MIXED)}"
    )
    text = REVISION.format(
        functions=functions,
        table=table,
        stamp=stamp,
        parent=parent or "",
        parent_literal=f'"{parent}"' if parent else None,
        date=made.strftime("%Y-%m-%d %H:%M:%S"),
    )
    (versions / f"{stamp}_add_{table}.py").write_text(text)
    return stamp
