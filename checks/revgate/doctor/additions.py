"""Separates what a database has in addition to its history from what it has instead of it.

Production has partitions made at run time, schemas of other programs, indexes made by hand and
publications, which a report only notes. An object of the history that is missing or different is a
difference, and so is a column, a constraint or a trigger that was added to one of its tables.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from revgate.postgres.snapshot import KIND_OF, Snapshot, compare, owner_of
from revgate.postgres.snapshot.describe import label
from revgate.text import count, quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from revgate.postgres.snapshot import Key
    from revgate.postgres.snapshot.change import CatalogueChange

_MOST = 12


class Separated(NamedTuple):
    """The catalog of a database in two parts."""

    states: tuple[Snapshot, ...]
    """The catalogs of the history."""
    rest: Snapshot
    """What is compared with them."""
    additions: tuple[CatalogueChange, ...]
    """Objects that no revision creates, and that change nothing about those that one does."""
    stored: tuple[CatalogueChange, ...]
    """Objects of the history with storage options that no revision sets."""

    def notes(self) -> Iterator[str]:
        """Yield what a report says about them."""
        if self.additions:
            names = [label(each).replace("`", "") for each in self.additions]
            yield f"{count(len(names), 'object')} that no revision creates: {quoted(names, _MOST)}"
        if self.stored:
            names = [label(each).replace("`", "") for each in self.stored]
            yield f"storage options that no revision sets: {quoted(names, _MOST)}"


def separate(states: Sequence[Snapshot], actual: Snapshot) -> Separated:
    """Separate a catalog.

    Args:
        states: The catalogs of the history, of which an object may be in any.
        actual: The catalog of the database.
    """
    latest = states[-1]
    unknown = {
        key for key in actual if key not in latest and not any(key in state for state in states)
    }
    rest = {
        key: facts
        for key, facts in actual.items()
        if key not in unknown or not _is_addition(key, actual, unknown)
    }
    as_built = {key: _as_built(key, facts, states) for key, facts in rest.items()}
    stored = compare(as_built, rest)
    additions = (each for each in compare(rest, actual) if each.how == "left")
    return Separated(tuple(states), as_built, tuple(additions), stored)


def _is_addition(key: Key, actual: Snapshot, unknown: Collection[Key]) -> bool:
    owner = owner_of(key, actual)
    if owner in unknown:
        return _is_addition(owner, actual, unknown)
    binds = KIND_OF[key[0]].binds
    return binds is None or not actual[key][2].startswith(binds)


def _as_built(
    key: Key, facts: tuple[str, str, str], states: Sequence[Snapshot]
) -> tuple[str, str, str]:
    """Return the facts that a revision gives an object, if only storage options are added."""
    if facts == states[-1].get(key) or not KIND_OF[key[0]].storage:
        return facts
    plain, options = _split(key[0], facts[2])
    found = facts
    most = -1
    for known in {state[key] for state in states if key in state}:
        known_plain, known_options = _split(key[0], known[2])
        same = (known_plain, known[:2]) == (plain, facts[:2])
        if same and known_options <= options and len(known_options) > most:
            found, most = known, len(known_options)
    return found


def _split(kind: str, facts: str) -> tuple[str, frozenset[str]]:
    """Split facts into what is left without the storage options, and these."""
    pattern = KIND_OF[kind].storage
    found = (
        each.strip(" ,").removeprefix("WITH ").strip("()") for each in re.findall(pattern, facts)
    )
    options = frozenset(option for each in found for option in each.split(", "))
    return re.sub(pattern, "", facts).strip(" ,"), options
