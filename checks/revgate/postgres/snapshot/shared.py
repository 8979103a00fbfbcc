"""Snapshots that share what did not change with the one that they were made from.

A history has as many snapshots as revisions, each as large as the schema, and two that follow one
another differ in a few objects. So each is a row of small dictionaries, most of which it has in
common with its neighbors, and comparing two of them looks only at those that they have not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

Key = tuple[str, str]
"""Kind and name."""
Facts = tuple[str, str, str]
"""The kind and name of what an object belongs to (empty for nothing), and all that is compared."""
Snapshot = Mapping[Key, Facts]

_PARTS = 256


class SharedSnapshot(Snapshot):
    """A snapshot that never changes; `updated` makes another one."""

    __slots__ = ("_length", "_parts")

    def __init__(self, objects: Iterable[tuple[Key, Facts]] = ()) -> None:
        parts: list[dict[Key, Facts]] = [{} for _ in range(_PARTS)]
        for key, facts in objects:
            parts[hash(key) % _PARTS][key] = facts
        self._set(tuple(parts))

    def _set(self, parts: tuple[dict[Key, Facts], ...]) -> None:
        self._parts = parts
        self._length = sum(map(len, parts))

    def __getitem__(self, key: Key) -> Facts:
        return self._parts[hash(key) % _PARTS][key]

    def __iter__(self) -> Iterator[Key]:
        for part in self._parts:
            yield from part

    def __len__(self) -> int:
        return self._length

    def __eq__(self, other: object) -> bool:
        if isinstance(other, SharedSnapshot):
            return self._parts == other._parts
        return isinstance(other, Mapping) and dict(self) == dict(other)

    __hash__ = None  # type: ignore[assignment]  # as for any other mapping

    def updated(self, gone: Iterable[Key], put: Iterable[tuple[Key, Facts]]) -> SharedSnapshot:
        """Return a snapshot without some objects and with others."""
        changed: dict[int, dict[Key, Facts]] = {}

        def part(key: Key) -> dict[Key, Facts]:
            number = hash(key) % _PARTS
            if number not in changed:
                changed[number] = dict(self._parts[number])
            return changed[number]

        for key in gone:
            part(key).pop(key, None)
        for key, facts in put:
            part(key)[key] = facts
        return self._replaced(changed)

    def _replaced(self, parts: Mapping[int, dict[Key, Facts]]) -> SharedSnapshot:
        replaced = list(self._parts)
        for number, part in parts.items():
            # What is the same again is shared again.
            if part != replaced[number]:
                replaced[number] = part
        made = SharedSnapshot.__new__(SharedSnapshot)
        made._set(tuple(replaced))
        return made

    def sharing(self, other: Snapshot) -> SharedSnapshot:
        """Return the same snapshot, with every part that is equal taken from another one."""
        if not isinstance(other, SharedSnapshot):
            return self
        return other._replaced(dict(self._apart(other)))

    def _apart(self, other: SharedSnapshot) -> Iterator[tuple[int, dict[Key, Facts]]]:
        for number, part in enumerate(self._parts):
            if part is not other._parts[number]:
                yield number, part

    def unlike(self, other: SharedSnapshot) -> dict[Key, Facts]:
        """Return the objects of the parts that are not shared with another snapshot."""
        return {key: facts for _, part in self._apart(other) for key, facts in part.items()}


def unlike(one: Snapshot, other: Snapshot) -> tuple[Snapshot, Snapshot]:
    """Return, of each of two snapshots, a part that contains all in which they differ."""
    if isinstance(one, SharedSnapshot) and isinstance(other, SharedSnapshot):
        return one.unlike(other), other.unlike(one)
    return one, other
