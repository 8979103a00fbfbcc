"""Which test rows a step lost: those that no other table received."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from revgate.roundtrip.observed import LostRows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from revgate.roundtrip.observed import Statement
    from revgate.roundtrip.rows.catalogue import TableRows

TRUNCATED_AT = 300
"""Characters of a statement that the agent reports."""
_WRITES = re.compile(
    r"\s*(?:WITH\b.*?\b)?(DELETE|TRUNCATE|DROP|INSERT|UPDATE|MERGE)\b", re.IGNORECASE | re.DOTALL
)
_READS = re.compile(r"\b(SELECT|COPY|RETURNING)\b", re.IGNORECASE)
_LOSES = ("DELETE", "TRUNCATE", "DROP", "MERGE")


class Losses:
    """What became of test rows in one step."""

    def __init__(
        self,
        before: Iterable[TableRows],
        after: Iterable[TableRows],
        at_stake: Mapping[int, int],
        statements: Sequence[Statement],
    ) -> None:
        """Compare.

        Args:
            before: All tables before the step.
            after: All tables after it.
            at_stake: How many rows of a table should still be there, by oid.
            statements: Of the step.
        """
        self.lost: list[LostRows] = []
        self.receivers: set[int] = set()
        """Tables that received rows that others lost."""
        now = {each.oid: each for each in after}
        earlier = {each.oid: each.rows for each in before}
        names = {each.oid: each.name for each in before}
        gained = {oid: each.rows - earlier.get(oid, 0) for oid, each in now.items()}
        for each in before:
            rows = now[each.oid].rows if each.oid in now else 0
            missing = at_stake.get(each.oid, 0) - rows
            if missing <= 0:
                continue
            receiver = _receiver(each, missing, gained, statements)
            if receiver is None:
                line = _removing_line(each.name, statements)
                alone = each.oid not in now and each.root in now
                name = each.name if alone else names.get(each.root, each.name)
                facts = (name, at_stake[each.oid], rows, each.oid not in now, line)
                self.lost.append(LostRows(*facts))
            else:
                gained[receiver] -= missing
                self.receivers.add(receiver)
        self.lost = list(_by_table(self.lost))


def _by_table(lost: Iterable[LostRows]) -> Iterator[LostRows]:
    """Yield what a table has lost, in all its partitions together."""
    found: dict[str, LostRows] = {}
    for each in lost:
        known = found.get(each.table, each._replace(before=0, after=0))
        before, after = known.before + each.before, known.after + each.after
        found[each.table] = known._replace(before=before, after=after)
    yield from found.values()


def _receiver(
    table: TableRows, count: int, gained: Mapping[int, int], statements: Sequence[Statement]
) -> int | None:
    """Return a table that gained as many rows, if a statement read the table that lost them."""
    name = name_pattern(table.name)
    # A truncated statement may have named the table.
    if not any(
        _READS.search(each.sql) and (name.search(each.sql) or len(each.sql) >= TRUNCATED_AT)
        for each in statements
    ):
        return None
    return next((oid for oid, rows in gained.items() if rows >= count), None)


def name_pattern(name: str) -> re.Pattern[str]:
    """Return what finds a table in a statement."""
    bare = name.rpartition(".")[2].strip('"')
    return re.compile(rf"(?<!\w){re.escape(bare)}(?!\w)", re.IGNORECASE)


def _removing_line(table: str, statements: Sequence[Statement]) -> int:
    """Return the line of the statement that removed rows; 0 if none is known to."""
    name = name_pattern(table)
    found = [
        each
        for each in statements
        if (verb := _WRITES.match(each.sql)) and verb[1].upper() in _LOSES
    ]
    named = [each for each in found if name.search(each.sql)]
    return next((each.line for each in named or found if each.line), 0)
