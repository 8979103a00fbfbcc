"""The order in which tables are filled: referenced tables first.

Nullable foreign keys can wait. Tables that need each other in a cycle are filled together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from revgate.roundtrip.rows.catalogue import ForeignKey, Table


def needs(table: Table, key: ForeignKey) -> bool:
    """Tell whether a row needs the row that a foreign key references."""
    return all(table.column(name).not_null for name in key.columns)


def in_order(tables: Iterable[Table]) -> list[tuple[Table, ...]]:
    """Return tables in the order in which they are filled, those of a cycle together."""
    by_oid = {table.oid: table for table in tables}
    hard = {oid: _targets(table, by_oid, hard=True) for oid, table in by_oid.items()}
    soft = {oid: _targets(table, by_oid, hard=False) for oid, table in by_oid.items()}
    waiting = _cycles(hard)
    placed: set[int] = set()
    order: list[tuple[Table, ...]] = []
    while waiting:
        ready = [each for each in waiting if _known(each, hard) <= placed]
        free = [each for each in ready if _known(each, soft) <= placed]
        chosen = (free or ready)[0]
        waiting.remove(chosen)
        placed |= set(chosen)
        order.append(tuple(by_oid[oid] for oid in chosen))
    return order


def _known(cycle: Sequence[int], targets: Mapping[int, set[int]]) -> set[int]:
    return set().union(*(targets[oid] for oid in cycle)) - set(cycle)


def _targets(table: Table, by_oid: Mapping[int, Table], *, hard: bool) -> set[int]:
    return {
        key.target
        for key in table.foreign_keys
        if key.target in by_oid and key.target != table.oid and (not hard or needs(table, key))
    }


def _cycles(targets: Mapping[int, set[int]]) -> list[tuple[int, ...]]:
    """Return the strongly connected components."""
    reached = {oid: _reached(oid, targets) for oid in targets}
    parts: dict[int, tuple[int, ...]] = {}
    for oid in targets:
        if oid not in parts:
            part = tuple(
                other
                for other in targets
                if other == oid or (other in reached[oid] and oid in reached[other])
            )
            parts.update(dict.fromkeys(part, part))
    return list(dict.fromkeys(parts.values()))


def _reached(start: int, targets: Mapping[int, set[int]]) -> set[int]:
    return set(_walk(start, targets))


def _walk(start: int, targets: Mapping[int, set[int]]) -> Iterator[int]:
    seen: set[int] = set()
    waiting = [start]
    while waiting:
        for target in targets[waiting.pop()]:
            if target not in seen:
                seen.add(target)
                waiting.append(target)
                yield target
