"""Creates the models' missing tables without migrations, for development only."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from revgate.errors import CannotJudgeError
from revgate.postgres.connect import Address, connect

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from revgate.roundtrip.answers import Table, TableStatement


def create(address: Address, tables: Iterable[Table], ddl: Sequence[TableStatement]) -> None:
    """Create tables, all of them or none.

    Args:
        address: The database to change.
        tables: The tables that `ddl` creates; missing schemas are created too.
        ddl: Statements in order, from the agent; an existing enum is not created again.

    Raises:
        CannotJudgeError: The server rejects a statement; nothing is changed then.
    """
    import psycopg2

    with closing(connect(address)) as connection:
        connection.autocommit = False
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '10s'")
                for schema in sorted({schema for schema, _ in tables}):
                    _create_schema(cursor, schema)
                for statement in ddl:
                    if not (statement.enum and _has_type(cursor, statement.enum)):
                        cursor.execute(statement.sql)
        except psycopg2.Error as error:
            connection.rollback()
            said = error.diag.message_primary or " ".join(str(error).split())
            raise CannotJudgeError(
                f"no table was created: {said}\nthe models may depend on a function or an extension"
                " that the migrations create: run `alembic upgrade head`"
            ) from None
        connection.commit()


def _create_schema(cursor: Any, schema: str) -> None:
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
