"""Which statements changed every test row of a table that existed before the step."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from revgate.postgres.names import split_name
from revgate.roundtrip.observed import UnboundedChange

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.roundtrip.observed import Statement
    from revgate.roundtrip.rows.catalogue import TableRows

_CHANGES = re.compile(
    r"\s*(?:WITH\b.*?\b)?(UPDATE|DELETE\s+FROM)\s+(?:ONLY\s+)?([\w$.\"]+)", re.IGNORECASE
)
_BATCHES = re.compile(r"\b(?:LIMIT|FETCH\s+(?:FIRST|NEXT)|BETWEEN|ctid)\b", re.IGNORECASE)
_VERBS = {"U": "updates", "D": "deletes"}


def may_be_unbounded(statements: Sequence[Statement]) -> bool:
    """Tell whether any of some statements changes rows outside of batches."""
    return any(_CHANGES.match(each.sql) and not _BATCHES.search(each.sql) for each in statements)


def unbounded(
    statements: Sequence[Statement], before: Sequence[TableRows]
) -> Iterator[UnboundedChange]:
    """Yield the statements that changed as many rows as a table had before the step."""
    counts: Counter[str] = Counter()
    for table in before:
        root = next((each.name for each in before if each.oid == table.root), table.name)
        counts[root] += table.rows
    runs = Counter((each.line, each.sql) for each in statements)
    for statement in statements:
        found = _CHANGES.match(statement.sql)
        if not found or _BATCHES.search(statement.sql) or not statement.line:
            continue
        if runs[statement.line, statement.sql] > 1:
            continue
        bare = split_name(found[2])[1]
        name = next((each for each in counts if split_name(each)[1] == bare), "")
        if name and 0 < counts[name] <= statement.changed:
            verb = _VERBS[found[1][0].upper()]
            yield UnboundedChange(name, counts[name], verb, statement.line)
