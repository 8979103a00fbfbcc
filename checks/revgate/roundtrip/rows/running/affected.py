"""Which existing relations, functions and types an upgrade may have changed for others.

Found by comparing two snapshots. What cannot matter to code that exists, such as a new table, an
index or a nullable column, is left out, so that most revisions need no test at all.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from revgate.postgres.names import split_name
from revgate.postgres.snapshot import Key, Snapshot, differences, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_RELATIONS = ("table", "view", "materialized view")
_NEVER = ("comment", "default privileges", "enum order", "sequence", "statistics")
_ON_ACCESS = ("grant", "owner", "policy", "table")
_REFERENCES = re.compile(r' REFERENCES ((?:"(?:[^"]|"")+"|\w+)\.(?:"(?:[^"]|"")+"|\w+))\(')


class Part(NamedTuple):
    """What was changed of a relation: a column, a constraint, or the relation itself."""

    kind: str
    """As snapshots name it: `column`, `constraint`, ..."""
    name: str
    """Its own, quoted."""
    before: str | None
    """Its facts; None for a new one."""
    after: str | None
    """None for one that is gone."""


class Affected(NamedTuple):
    """What an upgrade changed of what existed."""

    parts: Mapping[str, tuple[Part, ...]]
    """The changed parts of each relation, by the name of the relation."""
    guarded: frozenset[str]
    """The relations whose access may have changed."""
    functions: tuple[str, ...]
    """Signatures of functions that are gone or were changed."""
    types: tuple[str, ...]
    """Types that are gone, or lost labels."""
    gone: Mapping[str, tuple[str, ...]]
    """Names of other objects that are gone: `function`, `type`, `sequence`, `role`."""

    def __bool__(self) -> bool:
        """Tell whether there is anything to test."""
        return bool(self.parts or self.functions or self.types or any(self.gone.values()))


def affected(before: Snapshot, after: Snapshot) -> Affected:
    """Return what an upgrade changed of what existed."""
    changed = [each for each in differences(before, after) if not _is_harmless(*each)]
    parts: defaultdict[str, list[Part]] = defaultdict(list)
    guarded: set[str] = set()
    for key, old, new in changed:
        part = Part(key[0], split_name(key[1])[1], old, new)
        for relation in _relations(key, old, new, before, after):
            parts[relation].append(part)
            if key[0] in _ON_ACCESS:
                guarded.add(relation)
    types = {name for key, old, new in changed for name in _types(key, old, new)}
    for relation in _users(types, before):
        parts.setdefault(relation, [])
    return Affected(
        {relation: tuple(found) for relation, found in parts.items()},
        frozenset(guarded),
        tuple(key[1] for key, old, _ in changed if key[0] == "function" and old is not None),
        tuple(sorted(types)),
        {
            kind: tuple(key[1] for key, _, new in changed if key[0] in kinds and new is None)
            for kind, kinds in _GONE.items()
        }
        | {
            "sequence": tuple(_gone_sequences(before, after)),
            "type": tuple(_gone_types(before, after)),
        },
    )


_GONE = {"function": ("function",), "role": ("role",)}


def _gone_types(before: Snapshot, after: Snapshot) -> Iterator[str]:
    """Yield types that are gone, and of which a column is still there."""
    for (kind, name), _, new in differences(before, after):
        if (
            kind in ("type", "domain")
            and new is None
            and any(
                key[0] == "column" and key in after and _type_of(facts) == name
                for key, (_, _, facts) in before.items()
            )
        ):
            yield name


def _gone_sequences(before: Snapshot, after: Snapshot) -> Iterator[str]:
    """Yield sequences of their own that are gone; those of a column go with it."""
    for (kind, name), _, new in differences(before, after):
        if kind == "sequence" and new is None and owner_of((kind, name), before)[0] == "schema":
            yield name


def _is_harmless(key: Key, old: str | None, new: str | None) -> bool:
    kind, _ = key
    if kind in _NEVER:
        return True
    if kind == "index":
        return new is None or not new.startswith("CREATE UNIQUE")
    if old is None and kind == "column":
        return "NOT NULL" not in (new or "") and "." not in (new or "").partition(" ")[0]
    if old is None:
        return kind in ("default", "grant", *_RELATIONS)
    return new is None and kind == "constraint"


def _relations(
    key: Key, old: str | None, new: str | None, before: Snapshot, after: Snapshot
) -> Iterator[str]:
    """Yield the existing relations that a change is about."""
    if key[0] == "grant" and key[1].startswith("SCHEMA "):
        schema = key[1].removeprefix("SCHEMA ").rpartition(" TO ")[0]
        yield from (
            name for kind, name in before if kind in _RELATIONS and split_name(name)[0] == schema
        )
    relation = _relation_of(key, before if old is not None else after)
    if any((kind, relation) in before for kind in _RELATIONS):
        yield relation
        target = _REFERENCES.search(new or "") if key[0] == "constraint" and old is None else None
        if target and ("table", target[1]) in before:
            yield target[1]


def _relation_of(key: Key, snapshot: Snapshot) -> str:
    """Return the relation that an object belongs to: for a partition, the topmost table."""
    found = ""
    while key in snapshot:
        if key[0] in _RELATIONS:
            found = key[1]
        key = owner_of(key, snapshot)
    return found


def _types(key: Key, old: str | None, new: str | None) -> Iterator[str]:
    if key[0] in ("type", "domain") and old is not None:
        yield key[1]
    if key[0] == "enum label" and new is None:
        yield split_name(key[1])[0]


def _users(types: set[str], snapshot: Snapshot) -> Iterator[str]:
    """Yield the relations that have a column of one of some types."""
    if not types:
        return
    for key, (_, _, facts) in snapshot.items():
        if key[0] == "column" and _type_of(facts) in types:
            yield _relation_of(key, snapshot)


_TYPE = re.compile(r'(?:"(?:[^"]|"")+"|[^ "\[(])+')


def _type_of(facts: str) -> str:
    """Return the type of a column, or of the elements of its arrays."""
    found = _TYPE.match(facts)
    return found[0] if found else ""
