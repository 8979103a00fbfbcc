"""Snapshots of a database's catalog, and the differences between two of them.

They read `pg_catalog`, never a driver's reflection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from revgate.postgres.connect import Address, connect
from revgate.postgres.snapshot import database, grants, routines, tables, types
from revgate.postgres.snapshot.change import CatalogueChange
from revgate.postgres.snapshot.comments import COMMENT
from revgate.postgres.snapshot.kind import RELATIONS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

Key = tuple[str, str]
"""Kind and name."""
Snapshot = dict[Key, tuple[str, str, str]]
"""For each object, the kind and name of what it belongs to (empty for nothing), and its facts."""

KINDS = (
    database.SCHEMA,
    database.EXTENSION,
    database.ROLE,
    database.SETTING,
    types.TYPE,
    types.ENUM_LABEL,
    types.ENUM_ORDER,
    routines.FUNCTION,
    routines.AGGREGATE,
    routines.OPERATOR,
    routines.OPERATOR_FAMILY,
    routines.OPERATOR_CLASS,
    routines.COLLATION,
    routines.TEXT_SEARCH_DICTIONARY,
    routines.TEXT_SEARCH_CONFIGURATION,
    routines.CAST,
    routines.LANGUAGE,
    routines.ACCESS_METHOD,
    database.FOREIGN_DATA_WRAPPER,
    database.SERVER,
    database.USER_MAPPING,
    tables.SEQUENCE,
    tables.TABLE,
    tables.COLUMN,
    tables.DEFAULT,
    tables.CONSTRAINT,
    tables.INDEX,
    tables.STATISTICS,
    tables.TRIGGER,
    tables.POLICY,
    tables.RULE,
    tables.VIEW,
    database.EVENT_TRIGGER,
    database.PUBLICATION,
    database.SUBSCRIPTION,
    grants.GRANT,
    grants.OWNER,
    grants.DEFAULT_PRIVILEGES,
    COMMENT,
)
"""Every kind, as a rule after those that its objects depend on; drops go the other way."""
KIND_OF: dict[str, Kind] = {title: kind for kind in KINDS for title in kind.titles}


class Snapshotter:
    """Takes snapshots of one database, on a connection of its own."""

    def __init__(
        self,
        address: Address,
        version_table: str,
        version_schema: str | None,
        connection: Any = None,
    ) -> None:
        """Prepare the statement that takes a snapshot.

        Args:
            address: The database.
            version_table: A table to leave out: the one that records the schema's version.
            version_schema: Its schema; None for whichever it is in.
            connection: An open connection to the same database, whose settings are changed; None to
                open one.
        """
        self._connection = connection or connect(address)
        self._cursor = self._connection.cursor()
        self._cursor.execute("SET search_path = ''")
        self._cursor.execute("SET statement_timeout = '120s'")
        self._cursor.execute("SET plan_cache_mode = force_generic_plan")
        self._query = self._written(version_table, version_schema)
        self._planned_for = 0
        self._plan(0)

    def _written(self, version_table: str, version_schema: str | None) -> str:
        condition = "c.relname = %s"
        arguments = [version_table]
        if version_schema:
            condition += " AND n.nspname = %s"
            arguments.append(version_schema)
        excluded = self._cursor.mogrify(condition, arguments).decode()
        relations = RELATIONS.replace("{version_table}", excluded)
        parts = " UNION ALL ".join(f"({query})" for query in queries())
        return f"{relations} {parts}"

    def _plan(self, objects: int) -> None:
        """Plan the query once for many snapshots, and again once the catalog has outgrown the plan.

        A plan made for an empty database takes twice as long on one of sixty tables.
        """
        self._cursor.execute("DEALLOCATE ALL")
        self._cursor.execute(f"PREPARE snapshot AS {self._query}")
        self._planned_for = objects

    def take(self) -> Snapshot:
        """Return the catalog in its current state."""
        self._cursor.execute("EXECUTE snapshot")
        snapshot = {
            (kind, name): (owner_kind or "", owner or "", facts)
            for kind, name, owner_kind, owner, facts in self._cursor.fetchall()
        }
        if len(snapshot) > 2 * self._planned_for + 100:
            self._plan(len(snapshot))
        return snapshot

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()


def queries() -> list[str]:
    """Return the SQL of all kinds, which decides what a snapshot contains."""
    return [query.sql for kind in KINDS for query in kind.queries]


def own_tables(snapshot: Snapshot) -> Iterator[str]:
    """Yield the names of tables; a partition belongs to its parent."""
    for (kind, name), (owner_kind, owner, _) in snapshot.items():
        if kind == "table" and not (owner_kind == "table" and ("table", owner) in snapshot):
            yield name


def count_tables(snapshot: Snapshot) -> int:
    """Return the number of tables; a partition counts with its parent."""
    return sum(1 for _ in own_tables(snapshot))


def compare(before: Snapshot, after: Snapshot) -> tuple[CatalogueChange, ...]:
    """Return the differences, except those in parts of an object that is itself left or gone."""
    if before == after:
        return ()
    left = {key for key in after if key not in before}
    gone = {key for key in before if key not in after}
    changes = [
        _change("left", key, "", after[key][2]) for key in left if not _covered(key, after, left)
    ]
    changes += [
        _change("gone", key, before[key][2], "") for key in gone if not _covered(key, before, gone)
    ]
    relabelled = {owner_of(key, after) for key in left} | {owner_of(key, before) for key in gone}
    changes += [
        _change("changed", key, before[key][2], facts[2])
        for key, facts in after.items()
        if key in before
        and before[key][2] != facts[2]
        and not (key[0] == "enum order" and ("type", key[1]) in relabelled)
    ]
    return tuple(sorted(changes))


def owner_of(key: Key, snapshot: Snapshot) -> Key:
    """Return what an object belongs to."""
    kind, name, _ = snapshot[key]
    return (kind, name)


def _covered(key: Key, snapshot: Snapshot, different: set[Key]) -> bool:
    """Return whether anything the object belongs to, directly or not, is itself different."""
    owner = owner_of(key, snapshot)
    while owner in snapshot:
        if owner in different:
            return True
        owner = owner_of(owner, snapshot)
    return False


def _change(how: str, key: Key, before: str, after: str) -> CatalogueChange:
    return CatalogueChange(how, key[0], key[1].removeprefix("public."), before, after)
