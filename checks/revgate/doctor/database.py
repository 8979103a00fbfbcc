"""Reads one existing database in a single read-only transaction.

So everything is read at the same moment, and the server itself rejects any write.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.errors import CannotJudgeError
from revgate.postgres.connect import Address, connect
from revgate.postgres.snapshot import Snapshot, Snapshotter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class VersionTable(NamedTuple):
    """The table in which Alembic stores the stamp, as configured in env.py."""

    name: str = "alembic_version"
    schema: str | None = None


class Found(NamedTuple):
    """The state of a database."""

    version: str
    """Of the server, as PostgreSQL reports it."""
    has_version_table: bool
    stamps: tuple[str, ...]
    """The rows of the version table, sorted; empty if there is no such table."""
    snapshot: Snapshot

    @property
    def major(self) -> int:
        """The major version of the server."""
        return int(self.version.partition(".")[0])


def look(address: Address, version_table: VersionTable) -> Found:
    """Read a database.

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


def stamps_of(address: Address, tables: Sequence[VersionTable]) -> list[tuple[str, ...] | None]:
    """Return the rows of several version tables; None for one that does not exist."""
    with read_only(address) as connection, connection.cursor() as cursor:
        return [_stamps(cursor, each) for each in tables]


@contextmanager
def read_only(address: Address) -> Iterator[Any]:
    """Open a connection with one read-only transaction, rolled back at the end."""
    connection = connect(address, "check the URL, and that the server is running")
    try:
        connection.autocommit = False
        connection.set_session(readonly=True, isolation_level="REPEATABLE READ")
        yield connection
    finally:
        connection.close()


def _stamps(cursor: Any, version_table: VersionTable) -> tuple[str, ...] | None:
    """Return the rows of the version table; None if there is no such table."""
    from psycopg2 import sql

    parts = [part for part in (version_table.schema, version_table.name) if part]
    name = sql.Identifier(*parts)
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", (name.as_string(cursor),))
    if not cursor.fetchone()[0]:
        return None
    cursor.execute(sql.SQL("SELECT version_num FROM {} ORDER BY 1").format(name))
    return tuple(str(row[0]) for row in cursor)
