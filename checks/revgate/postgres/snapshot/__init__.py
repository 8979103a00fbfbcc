"""Snapshots of a database's catalog, and the differences between two of them.

They read `pg_catalog`, never a driver's reflection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.postgres.snapshot.change import CatalogueChange
from revgate.postgres.snapshot.kinds import KIND_OF, KINDS, queries
from revgate.postgres.snapshot.shared import Key, Snapshot, unlike
from revgate.postgres.snapshot.snapshotter import Snapshotter

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = [
    "KINDS",
    "KIND_OF",
    "CatalogueChange",
    "Key",
    "Snapshot",
    "Snapshotter",
    "compare",
    "count_tables",
    "differences",
    "outside",
    "own_tables",
    "owner_of",
    "parts_of_new_objects",
    "queries",
]


def own_tables(snapshot: Snapshot) -> Iterator[str]:
    """Yield the names of tables; a partition belongs to its parent."""
    for (kind, name), (owner_kind, owner, _) in snapshot.items():
        if kind == "table" and not (owner_kind == "table" and ("table", owner) in snapshot):
            yield name


def count_tables(snapshot: Snapshot) -> int:
    """Return the number of tables; a partition counts with its parent."""
    return sum(1 for _ in own_tables(snapshot))


def outside(snapshot: Snapshot, schemas: Collection[str]) -> Snapshot:
    """Return the part of a snapshot that belongs to none of some schemas.

    Args:
        snapshot: The snapshot.
        schemas: Their names, quoted where necessary.
    """
    if not schemas:
        return snapshot
    starts = tuple(f"{each}." for each in schemas)

    def is_inside(key: Key) -> bool:
        while key in snapshot:
            names = (key[1], key[1].partition(" ")[2])  # as in `TABLE two.t`
            if key[0] == "schema" and key[1] in schemas:
                return True
            if any(each.startswith(starts) for each in names):
                return True
            key = owner_of(key, snapshot)
        return key[0] == "schema" and key[1] in schemas

    return {key: facts for key, facts in snapshot.items() if not is_inside(key)}


def compare(before: Snapshot, after: Snapshot) -> tuple[CatalogueChange, ...]:
    """Return the differences, except those that only follow from others.

    A part of an object that is itself left or gone follows from it, and a part of a partition from
    the same part of its parent.
    """
    earlier, later = unlike(before, after)
    if earlier == later:
        return ()
    left = {key for key in later if key not in earlier}
    gone = {key for key in earlier if key not in later}
    changes = [
        _change("left", key, "", after[key][2]) for key in left if not _covered(key, after, left)
    ]
    changes += [
        _change("gone", key, before[key][2], "") for key in gone if not _covered(key, before, gone)
    ]
    relabelled = {owner_of(key, after) for key in left} | {owner_of(key, before) for key in gone}
    changes += [
        _change("changed", key, before[key][2], facts[2])
        for key, facts in later.items()
        if key in earlier
        and earlier[key][2] != facts[2]
        and not (key[0] == "enum order" and ("type", key[1]) in relabelled)
    ]
    told = {(each.how, each.kind, each.name) for each in changes}
    return tuple(sorted(each for each in changes if not _is_inherited(each, before, after, told)))


def _is_inherited(
    change: CatalogueChange, before: Snapshot, after: Snapshot, told: set[tuple[str, str, str]]
) -> bool:
    """Tell whether a part of a partition differs only as the same part of its parent does."""
    snapshot = before if change.how == "gone" else after
    for key in ((change.kind, change.name), (change.kind, f"public.{change.name}")):
        owner = key
        while owner in snapshot and owner[0] != "table":
            owner = owner_of(owner, snapshot)
        parent = owner_of(owner, snapshot) if owner in snapshot and owner != key else key
        if parent != key and parent[0] == "table" and parent in snapshot:
            inherited = key[1].replace(owner[1], parent[1], 1).removeprefix("public.")
            return (change.how, change.kind, inherited) in told
    return False


_SHOWN_PARTS = (
    "column",
    "constraint",
    "default",
    "enum order",
    "index",
    "policy",
    "trigger",
)


def parts_of_new_objects(
    before: Snapshot, after: Snapshot
) -> tuple[tuple[str, CatalogueChange], ...]:
    """Return what reports show of new tables and enum types, each with its owner."""
    _, later = unlike(before, after)
    found = []
    for key in later:
        owner = owner_of(key, after)
        if key[0] == "default":
            owner = owner_of(owner, after)
        if key[0] in _SHOWN_PARTS and owner[0] in ("table", "type") and owner not in before:
            part = _change("left", key, "", after[key][2])
            found.append((owner[1].removeprefix("public."), part))
    return tuple(sorted(found))


def differences(before: Snapshot, after: Snapshot) -> list[tuple[Key, str | None, str | None]]:
    """Return every object that differs, with its facts before and after; None where it is not."""
    earlier, later = unlike(before, after)
    keys = [*earlier, *(key for key in later if key not in earlier)]
    pairs = ((key, earlier.get(key), later.get(key)) for key in keys)
    return [
        (key, old and old[2], new and new[2])
        for key, old, new in pairs
        if (old and old[2]) != (new and new[2]) or (old is None) != (new is None)
    ]


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
