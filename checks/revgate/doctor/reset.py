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
from revgate.postgres.names import quoted
from revgate.postgres.snapshot import KIND_OF
from revgate.postgres.snapshot.change import CatalogueChange
from revgate.postgres.snapshot.describe import drop_order, drop_statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from revgate.doctor.database import VersionTable
    from revgate.postgres.snapshot import Key, Snapshot

RESETTABLE = frozenset(title for title, kind in KIND_OF.items() if kind.resettable)


class Plan(NamedTuple):
    """What would be dropped, and what would be kept."""

    drops: tuple[Key, ...]
    """Kind and name, as in a snapshot."""
    along: tuple[Key, ...]
    """What PostgreSQL drops with them: partitions, and sequences of columns."""
    stays: tuple[Key, ...]
    version_table: VersionTable | None
    """None if there is none."""
    statements: tuple[str, ...]
    """What drops it all."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to drop."""
        return not self.statements


def plan(actual: Snapshot, known: Iterable[Key], version_table: VersionTable | None) -> Plan:
    """Divide the objects into those that the application owns and the others.

    Raises:
        CannotJudgeError: An object of others would be dropped with one of the application.
    """
    owned = set(known)
    there = [key for key in actual if key[0] in RESETTABLE]
    there.sort(key=lambda key: (drop_order(key[0]), key[1]))
    whole = {key: _whole(key, actual) for key in there}
    strangers = [key for key in there if whole[key] not in owned and key not in owned]
    # A schema is kept if an object in it is kept; `public` always is.
    kept = {("schema", actual[key][1]) for key in strangers} | {("schema", "public")}
    gone = owned - kept
    drops = [key for key in there if key in gone and (whole[key] == key or whole[key] not in gone)]
    along = [key for key in there if key not in drops and whole[key] in gone]
    _refuse_strangers([key for key in along if key not in owned], actual)
    stays = [key for key in there if whole[key] == key and key not in gone]
    return Plan(
        tuple(drops),
        tuple(along),
        tuple(key for key in stays if key != ("schema", "public")),
        version_table,
        tuple(_statements(drops, actual, version_table)),
    )


def _whole(key: Key, actual: Snapshot) -> Key:
    """Return what an object is dropped with: the table of its column, the partitioned table."""
    while True:
        kind, name, _ = actual[key]
        if kind == "schema" or (kind, name) not in actual:
            return key
        key = (kind, name)


_SEPARATE = {
    "table": "ALTER TABLE {1} DETACH PARTITION {0}",
    "sequence": "ALTER SEQUENCE {0} OWNED BY NONE",
}


def _refuse_strangers(keys: Sequence[Key], actual: Snapshot) -> None:
    """Refuse a plan that drops more than the application owns."""
    if not keys:
        return
    named = ", ".join(f"{kind} {name}" for kind, name in keys)
    ways = [_SEPARATE[key[0]].format(key[1], actual[key][1]) for key in keys if key[0] in _SEPARATE]
    raise CannotJudgeError(
        "nothing was dropped: these objects are not part of the application, and would be dropped"
        f" with its tables: {named}\n" + "\n".join(["separate them first:", *ways])
    )


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
                before = _relations(cursor)
                _drop_all(cursor, chosen.statements)
                _verify(chosen, before - _relations(cursor))
        except psycopg2.Error as error:
            raise CannotJudgeError(_refused(error)) from None
        connection.commit()


def _refused(error: Any) -> str:
    detail = " ".join((error.diag.message_detail or "").split())
    return (
        f"nothing was dropped: {error.diag.message_primary or error}"
        + (f" ({detail})" if detail else "")
        + "\nthe dependent object is not part of the application: drop it by hand, or move it"
    )


_RELATIONS = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f', 'S', 'v', 'm') AND n.nspname !~ '^pg_'
"""


def _relations(cursor: Any) -> set[tuple[str, str]]:
    """Return tables, sequences and views: the name as in a snapshot, and without its schema."""
    cursor.execute(_RELATIONS)
    return set(cursor.fetchall())


def _verify(chosen: Plan, gone: set[tuple[str, str]]) -> None:
    """Refuse if anything else is gone than what the plan shows, such as a new partition.

    Raises:
        CannotJudgeError: It is; the transaction is rolled back.
    """
    shown = {name for _, name in (*chosen.drops, *chosen.along)}
    table = chosen.version_table.name if chosen.version_table else ""
    more = sorted(name for name, bare in gone if name not in shown and bare != table)
    if more:
        raise CannotJudgeError(
            "nothing was dropped: these were attached to what the list shows after it was made:"
            f" {', '.join(more)}\nrun it again"
        )


def _statements(
    drops: Sequence[Key], actual: Snapshot, version_table: VersionTable | None
) -> Iterator[str]:
    foreign = {key for key in drops if actual[key][2].startswith("foreign")}
    for key in drops:
        if key[0] != "table":
            yield drop_statement(CatalogueChange("left", *key))
    # In one statement, since foreign keys may form a cycle.
    for kind, is_foreign in (("TABLE", False), ("FOREIGN TABLE", True)):
        names = [k[1] for k in drops if k[0] == "table" and (k in foreign) == is_foreign]
        if names:
            yield f"DROP {kind} {', '.join(names)}"
    if version_table:
        yield "DROP TABLE " + ".".join(map(quoted, filter(None, reversed(version_table))))


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
