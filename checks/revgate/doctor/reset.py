"""Drops what the application owns in one database, and nothing else.

It owns the objects that its history or its models name, and the version table. Everything else is
kept and listed: extensions, foreign servers, objects of other applications. CASCADE is never used,
so nothing is dropped that was not shown before.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.errors import CannotJudgeError
from revgate.postgres.connect import Address, connect
from revgate.postgres.snapshot import KIND_OF
from revgate.postgres.snapshot.change import CatalogueChange
from revgate.postgres.snapshot.describe import drop_order, drop_statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from revgate.doctor.database import VersionTable
    from revgate.postgres.snapshot import Key, Snapshot

RESETTABLE = frozenset(title for title, kind in KIND_OF.items() if kind.resettable)


class Plan(NamedTuple):
    """What would be dropped, and what would be kept."""

    drops: tuple[Key, ...]
    """Kind and name, as in a snapshot."""
    stays: tuple[Key, ...]
    version_table: VersionTable | None
    """None if there is none."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to drop."""
        return not self.drops and self.version_table is None


def plan(actual: Snapshot, known: Iterable[Key], version_table: VersionTable | None) -> Plan:
    """Divide the objects into those that the application owns and the others."""
    owned = set(known)
    there = [key for key in actual if key[0] in RESETTABLE and not _belongs(key, actual)]
    there.sort(key=lambda key: (drop_order(key[0]), key[1]))
    strangers = [key for key in there if key not in owned]
    # A schema is kept if an object in it is kept; `public` always is.
    kept = {("schema", actual[key][1]) for key in strangers} | {("schema", "public")}
    return Plan(
        tuple(key for key in there if key in owned - kept),
        tuple(key for key in there if key not in owned - kept and key != ("schema", "public")),
        version_table,
    )


def _belongs(key: Key, actual: Snapshot) -> bool:
    """Return whether an object is dropped with another: a sequence with its column, a partition."""
    kind, name, _ = actual[key]
    return kind != "schema" and (kind, name) in actual


def drop(address: Address, chosen: Plan) -> None:
    """Drop the objects of a plan, all of them or none.

    Raises:
        CannotJudgeError: The server refuses; nothing is changed then.
    """
    import psycopg2

    with closing(connect(address)) as connection:
        connection.autocommit = False
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '10s'")
                _drop_all(cursor, _statements(cursor, chosen))
        except psycopg2.Error as error:
            connection.rollback()
            raise CannotJudgeError(_refused(error)) from None
        connection.commit()


def _refused(error: Any) -> str:
    detail = " ".join((error.diag.message_detail or "").split())
    return (
        f"nothing was dropped: {error.diag.message_primary or error}"
        + (f" ({detail})" if detail else "")
        + "\nthe dependent object is not part of the application: drop it by hand, or move it"
    )


def _statements(cursor: Any, chosen: Plan) -> list[str]:
    tables = [name for kind, name in chosen.drops if kind == "table"]
    statements = [
        drop_statement(CatalogueChange("left", *key)) for key in chosen.drops if key[0] != "table"
    ]
    if tables:
        # In one statement, since foreign keys may form a cycle.
        statements.append(f"DROP TABLE {', '.join(tables)}")
    if chosen.version_table:
        from psycopg2 import sql

        parts = [part for part in reversed(chosen.version_table) if part]
        statements.append("DROP TABLE " + str(sql.Identifier(*parts).as_string(cursor)))
    return statements


def _drop_all(cursor: Any, statements: Sequence[str]) -> None:
    """Execute statements, retrying those that failed because of dependencies while any succeed.

    A view may depend on a function and a function on a table; only the server knows the order.
    """
    import psycopg2

    left = list(statements)
    while left:
        refused: list[tuple[str, Exception]] = []
        for statement in left:
            cursor.execute("SAVEPOINT one")
            try:
                cursor.execute(statement)
            except psycopg2.errors.DependentObjectsStillExist as error:
                cursor.execute("ROLLBACK TO SAVEPOINT one")
                refused.append((statement, error))
        if len(refused) == len(left):
            # Our objects wait for each other; the error of DROP TABLE names the foreign one.
            refused.sort(key=lambda each: not each[0].startswith("DROP TABLE"))
            raise refused[0][1]
        left = [statement for statement, _ in refused]
