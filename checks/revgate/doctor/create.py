"""Tables that models have and a database lacks, made past the migrations: for development only.

Knows statements that the models' own `create_all` would run; nothing of what is missing.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from revgate.errors import CannotJudgeError
from revgate.postgres.connect import Address, connect

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Table = tuple[str, str]
"""Schema and name, not quoted."""


def create(address: Address, tables: Iterable[Table], ddl: Sequence[dict[str, Any]]) -> None:
    """Make tables, all of them or none.

    Args:
        address: The database, which is changed.
        tables: What `ddl` makes; their schemas are made where they are absent.
        ddl: Statements in order, as the agent tells them; an enum that is there is not made again.

    Raises:
        CannotJudgeError: The server refuses one; then everything is as it was.
    """
    import psycopg2

    with closing(connect(address)) as connection:
        connection.autocommit = False
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '10s'")
                for schema in sorted({schema for schema, _ in tables}):
                    _make_schema(cursor, schema)
                for statement in ddl:
                    if not (statement["enum"] and _has_type(cursor, statement["enum"])):
                        cursor.execute(statement["sql"])
        except psycopg2.Error as error:
            connection.rollback()
            said = error.diag.message_primary or " ".join(str(error).split())
            raise CannotJudgeError(
                f"no table was made: {said}\nwhat the models stand on, a function or an extension"
                " perhaps, is made by the migrations: run `alembic upgrade head`"
            ) from None
        connection.commit()


def _make_schema(cursor: Any, schema: str) -> None:
    from psycopg2 import sql

    cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,))
    if not cursor.fetchone():
        cursor.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))


def _has_type(cursor: Any, name: Sequence[str]) -> bool:
    cursor.execute(
        "SELECT 1 FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace"
        " WHERE n.nspname = %s AND t.typname = %s",
        tuple(name),
    )
    return cursor.fetchone() is not None
