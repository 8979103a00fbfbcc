"""One existing database, looked at and never written to.

Everything is read in one read-only transaction, so that it is of one moment, and so that the
server itself refuses whatever would write.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.errors import CannotJudgeError
from revgate.postgres.connect import Address, connect
from revgate.postgres.snapshot import Snapshot, Snapshotter

if TYPE_CHECKING:
    from collections.abc import Iterator


class VersionTable(NamedTuple):
    """Where Alembic keeps the stamp, as env.py says."""

    name: str = "alembic_version"
    schema: str | None = None


class Found(NamedTuple):
    """What a database is."""

    version: str
    """Of the server, as PostgreSQL says it."""
    has_version_table: bool
    stamps: tuple[str, ...]
    """The rows of the version table, sorted; none where it is absent."""
    snapshot: Snapshot


def look(address: Address, version_table: VersionTable) -> Found:
    """Look at a database.

    Raises:
        CannotJudgeError: It cannot be reached or read.
    """
    import psycopg2

    with read_only(address) as connection:
        try:
            return _found(connection, address, version_table)
        except psycopg2.Error as error:
            said = error.diag.message_primary or " ".join(str(error).split())
            raise CannotJudgeError(f"{address} cannot be read: {said}") from None


def _found(connection: Any, address: Address, version_table: VersionTable) -> Found:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        version = str(cursor.fetchone()[0]).partition(" ")[0]
        stamps = _stamps(cursor, version_table)
    snapshotter = Snapshotter(address, version_table.name, version_table.schema, connection)
    return Found(version, stamps is not None, stamps or (), snapshotter.take())


@contextmanager
def read_only(address: Address) -> Iterator[Any]:
    """Have a connection that is one read-only transaction, rolled back at the end."""
    connection = connect(address, "check the URL, and that the server runs")
    try:
        connection.autocommit = False
        connection.set_session(readonly=True, isolation_level="REPEATABLE READ")
        yield connection
    finally:
        connection.close()


def _stamps(cursor: Any, version_table: VersionTable) -> tuple[str, ...] | None:
    """Return the rows of the version table; None where there is no such table."""
    from psycopg2 import sql

    parts = [part for part in (version_table.schema, version_table.name) if part]
    name = sql.Identifier(*parts)
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", (name.as_string(cursor),))
    if not cursor.fetchone()[0]:
        return None
    cursor.execute(sql.SQL("SELECT version_num FROM {} ORDER BY 1").format(name))
    return tuple(str(row[0]) for row in cursor)
