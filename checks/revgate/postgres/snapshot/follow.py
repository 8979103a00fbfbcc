"""Follows the catalog of a database: tells what changed since it was last looked at."""

from __future__ import annotations

from typing import Any, NamedTuple

from revgate.postgres.snapshot.kind import FIRST_OID
from revgate.postgres.snapshot.kind import UNITS as NUMBERS
from revgate.postgres.snapshot.watched import EXPAND, UNITS, changes_query, known_query

_PUBLIC, _TOAST = 2200, 99
_RENAMED = ("pg_class", "pg_type", "pg_proc")
_COUNTED = {each.catalog: each for each in UNITS if each.counted}
_RELATION, _TYPE, _FUNCTION = (NUMBERS[each] for each in ("pg_class", "pg_type", "pg_proc"))


class Row(NamedTuple):
    """A row of a watched catalog, as `Watched` describes it."""

    id: int
    owner: int
    relation: int
    type: int
    function: int
    schema: int
    name: str

    def units(self) -> set[int]:
        """Return the numbers of the units that it describes."""
        found = ((self.relation, _RELATION), (self.type, _TYPE), (self.function, _FUNCTION))
        return {oid * 4 + kind for oid, kind in found if oid > 0}


class _Everything(Exception):  # noqa: N818 - not an error
    """More changed than can be described again by itself."""


class Changes:
    """What changed in one database, from one look to the next."""

    def __init__(self, cursor: Any) -> None:
        """Prepare the statements.

        Args:
            cursor: Of an autocommit connection that keeps its prepared statements.
        """
        self._cursor = cursor
        self._since = 0
        self._state = ""
        self._counts: dict[str, int] = {}
        self._known: dict[str, dict[int, Row]] = {}

    def prepare(self) -> None:
        """Plan the statements; again after they were deallocated."""
        self._cursor.execute(f"PREPARE changes (xid) AS {changes_query()}")
        self._cursor.execute(f"PREPARE expand (oid[], oid[], int8[]) AS {EXPAND}")

    def begin(self) -> None:
        """Remember what there is."""
        self._cursor.execute(known_query())
        (_, self._since, self._state), *found = self._cursor.fetchall()
        self._counts = {catalog: count for catalog, count, _ in found}
        self._known = {
            catalog: {row[0]: Row._make(row) for row in rows or ()} for catalog, _, rows in found
        }

    def look(self) -> tuple[set[int], set[int]] | None:
        """Return what changed since the last look.

        Returns:
            The units that were described before, and those to describe now; None for everything,
            after which `begin` is called.
        """
        self._cursor.execute(f"EXECUTE changes ('{self._since % (1 << 32)}')")
        (_, since, state), *found = self._cursor.fetchall()
        if state != self._state:
            return None
        try:
            touched, seeds = self._noted(found)
        except _Everything:
            return None
        self._since = since
        described = self._expanded(touched, seeds)
        return touched | described, described

    def _noted(self, found: list[Any]) -> tuple[set[int], set[tuple[str, int]]]:
        """Return the units that were touched, and the objects whose dependents may look different.

        Raises:
            _Everything: A name changed, or something that is only described as a whole.
        """
        touched: set[int] = set()
        seeds: set[tuple[str, int]] = set()
        fresh: dict[str, list[Row]] = {}
        for catalog, count, rows in found:
            if catalog not in self._known or catalog not in _BY_NAME:
                if rows or count != self._counts[catalog]:
                    raise _Everything
                continue
            fresh[catalog] = [Row._make(row) for row in rows or ()]
            for row in fresh[catalog]:
                before = self._known[catalog].get(row.id)
                self._check(catalog, row, before)
                seeds |= self._seeds(catalog, row, before)
                touched |= row.units() | (before.units() if before else set())
        for catalog, count, _ in found:
            if catalog in _BY_NAME:
                touched |= self._gone(catalog, count, fresh[catalog])
        return touched, seeds

    def _check(self, catalog: str, row: Row, before: Row | None) -> None:
        """Raise `_Everything` for a row that others may be described with."""
        if row.owner < FIRST_OID or row.relation < 0:
            raise _Everything
        if 0 < row.schema < FIRST_OID and row.schema not in (_PUBLIC, _TOAST):
            raise _Everything
        if before is None:
            return
        if catalog in _RENAMED and (before.name, before.schema) != (row.name, row.schema):
            raise _Everything
        if catalog == "pg_attribute" and before.name != row.name and before.name and row.name:
            raise _Everything

    def _seeds(self, catalog: str, row: Row, before: Row | None) -> set[tuple[str, int]]:
        if catalog == "pg_attribute" and row.relation in self._known["pg_class"]:
            return {("pg_class", row.relation)}
        if before is None:
            return set()
        if catalog == "pg_type":
            return {("pg_type", row.id)}
        if catalog == "pg_enum" and before.name != row.name:
            return {("pg_type", row.type)}
        return {("pg_proc", row.function)} if catalog == "pg_proc" else set()

    def _gone(self, catalog: str, count: int, fresh: list[Row]) -> set[int]:
        """Take over the rows of a catalog, and return the units of those that are gone."""
        known = self._known[catalog]
        expected = self._counts[catalog] + sum(row.id not in known for row in fresh)
        known.update((row.id, row) for row in fresh)
        self._counts[catalog] = count
        if count == expected or catalog not in _COUNTED:
            return set()
        self._cursor.execute(_COUNTED[catalog].ids)
        gone = known.keys() - set(self._cursor.fetchone()[0] or ())
        if expected - len(gone) != count or any(known[each].relation < 0 for each in gone):
            raise _Everything
        if catalog == "pg_class":
            self._forget_columns(gone)
        return set().union(*(known.pop(each).units() for each in gone))

    def _forget_columns(self, relations: set[int]) -> None:
        columns = self._known["pg_attribute"]
        for oid in relations:
            number = oid << 16 | 1
            while columns.pop(number, None):
                number += 1

    def _expanded(self, touched: set[int], seeds: set[tuple[str, int]]) -> set[int]:
        """Return all units to describe again."""
        if not touched and not seeds:
            return set()
        catalogs = ",".join(catalog for catalog, _ in seeds)
        oids = ",".join(str(oid) for _, oid in seeds)
        numbers = ",".join(map(str, touched))
        arrays = f"'{{{catalogs}}}'::regclass[]::oid[], '{{{oids}}}', '{{{numbers}}}'"
        self._cursor.execute(f"EXECUTE expand ({arrays})")
        return {number for (number,) in self._cursor.fetchall()}


_BY_NAME = {each.catalog for each in UNITS}
