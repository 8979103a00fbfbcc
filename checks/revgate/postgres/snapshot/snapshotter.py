"""Takes snapshots of one database, the first of them whole, then only of what changed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from revgate.postgres.connect import Address, connect
from revgate.postgres.snapshot.follow import Changes
from revgate.postgres.snapshot.kind import RELATIONS, UNITS
from revgate.postgres.snapshot.kinds import KINDS, queries
from revgate.postgres.snapshot.shared import Facts, Key, SharedSnapshot, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_COMPARE = "REVGATE_COMPARE_SNAPSHOTS"
"""A variable for tests: each snapshot is compared with a whole one."""
_MOST = 0.3
"""The share of all objects above which a whole snapshot is faster."""


class Snapshotter:
    """Takes snapshots of one database, on a connection of its own."""

    def __init__(
        self,
        address: Address,
        version_table: str,
        version_schema: str | None,
        connection: Any = None,
        *,
        visible: Callable[[Key], bool] | None = None,
        follows: bool = True,
    ) -> None:
        """Prepare the statements that take a snapshot.

        Args:
            address: The database.
            version_table: A table to leave out: the one that records the schema's version.
            version_schema: Its schema; None for whichever it is in.
            connection: An open connection to the same database, whose settings are changed; None to
                open one.
            visible: Tells which objects belong to the database; None for all.
            follows: Whether to describe only what changed since the last snapshot; it takes time to
                prepare.
        """
        self._connection = connection or connect(address)
        self._cursor = self._connection.cursor()
        self._cursor.execute("SET search_path = ''; SET jit = off; SET statement_timeout = '120s'")
        self._cursor.execute("SET plan_cache_mode = force_generic_plan")
        self._visible = visible
        self._relations = self._without(version_table, version_schema)
        self._changes = Changes(self._cursor)
        self._follows = follows and connection is None
        self._latest: SharedSnapshot | None = None
        self._keys: dict[int, list[Key]] = {}
        """Of each unit that is described."""
        self._plan(0)

    def _without(self, version_table: str, version_schema: str | None) -> str:
        condition = "c.relname = %s"
        arguments = [version_table]
        if version_schema:
            condition += " AND n.nspname = %s"
            arguments.append(version_schema)
        excluded = self._cursor.mogrify(condition, arguments).decode()
        return RELATIONS.replace("{version_table}", excluded)

    def _plan(self, objects: int) -> None:
        """Plan the query once for many snapshots, and again once the catalog has outgrown the plan.

        A plan made for an empty database takes twice as long on one of sixty tables.
        """
        self._cursor.execute("DEALLOCATE ALL")
        relations = self._relations.replace("{restriction}", "true")
        parts = " UNION ALL ".join(f"({query})" for query in queries())
        self._cursor.execute(f"PREPARE snapshot AS {relations} {parts}")
        self._planned_for = objects
        if self._follows:
            self._plan_for_changes()

    def _plan_for_changes(self) -> None:
        """Plan what describes a few objects, which an index finds however many there are."""
        relations = self._relations.replace("{restriction}", "c.oid = ANY ($1)")
        for catalog, number in UNITS.items():
            parts = [
                f"({query.sql} AND {query.unit[1]} = ANY ($1))"
                for kind in KINDS
                for query in kind.queries
                if query.unit and query.unit[0] == catalog
            ]
            query = f"{relations if catalog == 'pg_class' else ''} {' UNION ALL '.join(parts)}"
            self._cursor.execute(f"PREPARE described_{number} (oid[]) AS {query}")
        self._changes.prepare()
        methods = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")
        self._cursor.execute("; ".join(f"SET {each} = off" for each in methods))
        for number in UNITS.values():
            self._cursor.execute(f"EXECUTE described_{number} ('{{}}')")
        self._cursor.execute("EXECUTE expand ('{}', '{}', '{}')")
        self._cursor.execute("; ".join(f"RESET {each}" for each in methods))

    def take(self, expected: Snapshot | None = None) -> Snapshot:
        """Return the catalog in its current state.

        Args:
            expected: A snapshot that it may equal, to share with it what is the same.
        """
        changed = self._changes.look() if self._latest is not None else None
        if changed is None or len(changed[1]) > _MOST * len(self._keys) + 10:
            taken = self._take_whole()
        else:
            taken = self._take_changed(*changed)
            if _COMPARE in os.environ:
                _verify(taken, self._whole()[0])
        if expected is not None:
            taken = taken.sharing(expected)
        if self._latest is not None:
            self._latest = taken
        return taken

    def _take_whole(self) -> SharedSnapshot:
        if self._follows:
            self._changes.begin()
        snapshot, self._keys = self._whole()
        if len(snapshot) > 2 * self._planned_for + 100:
            self._plan(len(snapshot))
        if self._latest is not None:
            snapshot = snapshot.sharing(self._latest)
        self._latest = snapshot if self._follows and self._is_unambiguous() else None
        return snapshot

    def _whole(self) -> tuple[SharedSnapshot, dict[int, list[Key]]]:
        self._cursor.execute("EXECUTE snapshot")
        objects, keys = self._fetched()
        return SharedSnapshot(objects), keys

    def _fetched(self) -> tuple[list[tuple[Key, Facts]], dict[int, list[Key]]]:
        """Return the objects of the result, and the keys of each unit."""
        objects: list[tuple[Key, Facts]] = []
        keys: dict[int, list[Key]] = {}
        for kind, name, owner_kind, owner, facts, unit in self._cursor.fetchall():
            key = (kind, name)
            if self._visible is None or self._visible(key):
                objects.append((key, (owner_kind or "", owner or "", facts)))
                keys.setdefault(unit, []).append(key)
        return objects, keys

    def _is_unambiguous(self) -> bool:
        """Return whether no two units have an object of one name."""
        return sum(map(len, self._keys.values())) == len(set().union(*self._keys.values()))

    def _take_changed(self, before: Iterable[int], now: Iterable[int]) -> SharedSnapshot:
        assert self._latest is not None  # noqa: S101 - only then is it asked what changed
        gone = {key for unit in before for key in self._keys.pop(unit, ())}
        put: list[tuple[Key, Facts]] = []
        for number in UNITS.values():
            oids = ",".join(str(unit // 4) for unit in now if unit % 4 == number)
            if oids:
                self._cursor.execute(f"EXECUTE described_{number} ('{{{oids}}}')")
                objects, keys = self._fetched()
                put += objects
                self._keys.update(keys)
        if any(key in self._latest and key not in gone for key, _ in put):
            return self._take_whole()  # two units have an object of one name
        self._latest = self._latest.updated(gone, put)
        return self._latest

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()


def _verify(taken: Snapshot, whole: Snapshot) -> None:
    wrong = {key for key in taken.keys() | whole.keys() if taken.get(key) != whole.get(key)}
    if wrong:
        differences = [(key, taken.get(key), whole.get(key)) for key in sorted(wrong)]
        raise AssertionError(f"a snapshot of what changed differs from a whole one: {differences}")
