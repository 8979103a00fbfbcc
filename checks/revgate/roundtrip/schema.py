"""Follows what each upgrade does to tables and types, for the rules on schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.postgres.objects import Table, read
from revgate.postgres.snapshot import Key, Snapshot, owner_of
from revgate.postgres.snapshot.shared import unlike
from revgate.roundtrip.observed import SchemaChange

if TYPE_CHECKING:
    from collections.abc import Iterable

    from revgate.postgres.connect import Address
    from revgate.postgres.objects import Type

_TYPES = ("type", "domain")


class SchemaFollower:
    """Knows the objects of one database that is upgraded revision by revision."""

    def __init__(self, address: Address) -> None:
        """Know none yet.

        Args:
            address: The database.
        """
        self._address = address
        self._known: dict[Key, int] = {}
        """The oid of each table and type."""

    def follow(self, before: Snapshot, after: Snapshot) -> SchemaChange:
        """Read again what differs between two snapshots, of which the later one was just taken."""
        earlier, later = unlike(before, after)
        put = [key for key, facts in later.items() if earlier.get(key) != facts]
        gone = [key for key in earlier if key not in later]
        touched = {_whole(key, after) for key in put} | {_whole(key, before) for key in gone}
        touched.update(key for key in put if key[0] == "table")  # may be attached to another now
        objects: dict[tuple[str, int], Table | Type | None] = {}
        for key in touched:
            if key in self._known:
                objects[_sort(key), self._known.pop(key)] = None
        for each in self._read(key for key in touched if key in after):
            kind = "table" if isinstance(each, Table) else "type"
            objects[kind, each.oid] = each
            title = "domain" if each.kind == "d" else kind
            self._known[title, each.name] = each.oid
        new = (key for key in put if key not in earlier)
        appeared = tuple(sorted(key for key in new if not _is_partition(key, after)))
        return SchemaChange(objects, appeared, tuple(gone))

    def _read(self, keys: Iterable[Key]) -> list[Table | Type]:
        wanted = sorted(keys)
        tables = [name for kind, name in wanted if kind == "table"]
        types = [name for kind, name in wanted if kind in _TYPES]
        return read(self._address, tables, types) if tables or types else []


def _sort(key: Key) -> str:
    return "table" if key[0] == "table" else "type"


def _is_partition(key: Key, snapshot: Snapshot) -> bool:
    return key[0] == owner_of(key, snapshot)[0] == "table"


def _whole(key: Key, snapshot: Snapshot) -> Key:
    """Return the table or type that an object is a part of; a partition's is the topmost table."""
    found = key
    while key in snapshot:
        if key[0] == "table" or key[0] in _TYPES:
            found = key
        key = owner_of(key, snapshot)
    return found
