"""Builds the models' tables in a database, so that PostgreSQL itself describes them."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from revgate.postgres.connect import Address, connect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.roundtrip.answers import ModelReport


def build(address: Address, report: ModelReport) -> list[str]:
    """Replace the tables and enums of the revisions by those of the models.

    The migrated database, unlike an empty one, has the functions, domains and extensions that the
    models' defaults and checks use.

    Args:
        address: A throwaway database at the head, which is changed.
        report: The models.

    Returns:
        Errors, each with the first line of the statement; its table is then missing.
    """
    import psycopg2
    from psycopg2 import sql

    problems: list[str] = []
    with closing(connect(address)) as connection, connection.cursor() as cursor:
        path = sql.SQL("SET search_path = {}, public").format(sql.Identifier(report.default_schema))
        cursor.execute(path)
        for schema in report.schemas:
            _run(cursor, "CREATE SCHEMA IF NOT EXISTS {}", (schema,))
        for table in sorted(report.tables):
            _run(cursor, "DROP TABLE IF EXISTS {} CASCADE", table)
        for enum in report.enums:
            _run(cursor, "DROP TYPE IF EXISTS {} CASCADE", enum)
        for statement, _ in report.ddl:
            try:
                cursor.execute(statement)
            except psycopg2.Error as error:
                first = statement.splitlines()[0].strip()
                problems.append(f"`{first}`: {error.diag.message_primary}")
    return problems


def _run(cursor: Any, statement: str, name: Sequence[str]) -> None:
    """Run a statement on a name, ignoring errors: a view in the place of a table stays."""
    import psycopg2
    from psycopg2 import sql

    try:
        cursor.execute(sql.SQL(statement).format(sql.Identifier(*name)))
    except psycopg2.Error:
        return
