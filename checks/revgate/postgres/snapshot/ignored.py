"""Leaves objects out of snapshots by patterns, as the setting `ignore-objects` has them.

A pattern is compared with the name of an object as reports show it: with its schema, unless that is
`public`. `*` stands for any characters and `?` for one. A pattern may begin with the kind of the
object. What belongs to an object is left out with it, and a schema with `name.*`.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from revgate.postgres.snapshot import KIND_OF, owner_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from revgate.postgres.snapshot import Key, Snapshot


def without(snapshot: Snapshot, patterns: Collection[str]) -> Snapshot:
    """Return a snapshot without the objects that a pattern matches."""
    if not patterns:
        return snapshot
    split = [_split(each) for each in patterns]

    def is_ignored(key: Key) -> bool:
        while key in snapshot:
            if _matches(split, *key):
                return True
            key = owner_of(key, snapshot)
        return _matches(split, *key)

    return {key: facts for key, facts in snapshot.items() if not is_ignored(key)}


def is_ignored(kind: str, name: str, patterns: Collection[str]) -> bool:
    """Return whether a pattern matches an object, or the schema that it is in.

    Args:
        kind: Its kind, such as `table`.
        name: Its name as reports show it, or with its schema.
        patterns: The patterns.
    """
    return _matches([_split(each) for each in patterns], kind, name)


def _split(pattern: str) -> tuple[str, str]:
    """Split a pattern into a kind, empty for any, and the pattern of the name."""
    first, _, rest = pattern.partition(" ")
    second, _, last = rest.partition(" ")
    for kind, name in ((f"{first} {second}", last), (first, rest)):
        if name and kind in KIND_OF:
            return kind, name
    return "", pattern


def _matches(patterns: Collection[tuple[str, str]], kind: str, name: str) -> bool:
    plain = name.replace('"', "")
    names = {plain, plain.removeprefix("public.")}
    if kind == "schema":
        names = {plain, f"{plain}."}
    return any(
        only in ("", kind) and any(fnmatchcase(each, pattern) for each in names)
        for only, pattern in patterns
    )
