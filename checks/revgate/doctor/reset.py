"""Dropping what the application owns in one database, and nothing else.

What it owns is what its history or its models know by name, and the version table. The rest stays
and is named: extensions, foreign servers, what somebody else keeps in the same database. Nothing is
dropped by CASCADE, so nothing can go that was not shown before.
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
    """What would be dropped, and what would stay."""

    drops: tuple[Key, ...]
    """Kind and name, as in a snapshot."""
    stays: tuple[Key, ...]
    version_table: VersionTable | None
    """None where there is none."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to drop."""
        return not self.drops and self.version_table is None


def plan(actual: Snapshot, known: Iterable[Key], version_table: VersionTable | None) -> Plan:
    """Divide what is there into what the application owns and what it does not."""
    owned = set(known)
    there = [key for key in actual if key[0] in RESETTABLE and not _belongs(key, actual)]
    there.sort(key=lambda key: (drop_order(key[0]), key[1]))
    strangers = [key for key in there if key not in owned]
    # A schema stays for what stays in it, and `public` for everybody.
    kept = {("schema", actual[key][1]) for key in strangers} | {("schema", "public")}
    return Plan(
        tuple(key for key in there if key in owned - kept),
        tuple(key for key in there if key not in owned - kept and key != ("schema", "public")),
        version_table,
    )


def _belongs(key: Key, actual: Snapshot) -> bool:
    """Tell whether an object goes with another: a sequence with its column, a partition."""
    kind, name, _ = actual[key]
    return kind != "schema" and (kind, name) in actual


def drop(address: Address, chosen: Plan) -> None:
    """Drop what a plan names, all of it or nothing.

    Raises:
        CannotJudgeError: The server refuses; then everything is as it was.
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
        + "\nwhat depends on it is not the application's: drop that by hand, or keep it elsewhere"
    )


def _statements(cursor: Any, chosen: Plan) -> list[str]:
    tables = [name for kind, name in chosen.drops if kind == "table"]
    statements = [
        drop_statement(CatalogueChange("left", *key)) for key in chosen.drops if key[0] != "table"
    ]
    if tables:
        # Together, since foreign keys may lead in a circle.
        statements.append(f"DROP TABLE {', '.join(tables)}")
    if chosen.version_table:
        from psycopg2 import sql

        parts = [part for part in reversed(chosen.version_table) if part]
        statements.append("DROP TABLE " + str(sql.Identifier(*parts).as_string(cursor)))
    return statements


def _drop_all(cursor: Any, statements: Sequence[str]) -> None:
    """Execute what can be executed, as long as that lets more be executed.

    A view may stand on a function and a function on a table; the order of that is known to the
    server alone.
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
            # What is ours waits for each other; what is not is told by the tables.
            refused.sort(key=lambda each: not each[0].startswith("DROP TABLE"))
            raise refused[0][1]
        left = [statement for statement, _ in refused]
