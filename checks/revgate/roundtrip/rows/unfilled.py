"""Judges what an upgrade demands of tables that could not be filled, by catalog and statements.

It is silent wherever a statement may have made the rows fit.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from revgate.roundtrip.observed import Doubt
from revgate.roundtrip.rows.losses import TRUNCATED_AT, name_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from revgate.roundtrip.observed import Statement
    from revgate.roundtrip.rows.catalogue import Column, Table

_CHANGES_ROWS = re.compile(r"\b(UPDATE|DELETE|TRUNCATE|MERGE)\b", re.IGNORECASE)
_FILLS = re.compile(r"\b(DEFAULT|IDENTITY|GENERATED)\b", re.IGNORECASE)
_ADDS = re.compile(r"\bADD\b", re.IGNORECASE)
_NOT_NULL = re.compile(r"\bNOT\s+NULL\b", re.IGNORECASE)
_UNIQUE = re.compile(r"\b(UNIQUE|PRIMARY\s+KEY|EXCLUDE)\b", re.IGNORECASE)


def doubts(
    before: Iterable[Table],
    after: Iterable[Table],
    reasons: Mapping[int, str],
    statements: Sequence[Statement],
) -> Iterator[Doubt]:
    """Yield what may fail on rows, and was not tried on any.

    Args:
        before: Tables without rows, as they were before the upgrade.
        after: The same tables after it.
        reasons: Why a table has no rows, by oid.
        statements: Of the upgrade.
    """
    earlier = {table.oid: table for table in before}
    for table in after:
        if table.oid not in earlier:
            continue
        old = earlier[table.oid]
        patterns = [name_pattern(each.name) for each in (old, table)]
        about = [
            each
            for each in statements
            if len(each.sql) >= TRUNCATED_AT or any(name.search(each.sql) for name in patterns)
        ]
        if not any(_CHANGES_ROWS.search(each.sql) for each in about):
            for what, line in _demands(old, table, about):
                yield Doubt(what, table.name, reasons.get(table.oid, ""), line)


def _demands(old: Table, new: Table, about: Sequence[Statement]) -> Iterator[tuple[str, int]]:
    earlier = {column.name: column for column in old.columns}
    for column in new.columns:
        if column.not_null and not column.default and not column.generated:
            yield from _of_column(earlier.get(column.name), column, old, about)
    known = [set(columns) for columns, _ in old.keys]
    for key, _ in new.keys:
        if earlier.keys() >= set(key) and not any(each <= set(key) for each in known):
            names = ", ".join(f"`{name}`" for name in key)
            line = _line(about, _UNIQUE)
            yield f"makes {names} of `{_shown(new)}` unique", line


def _of_column(
    before: Column | None, column: Column, old: Table, about: Sequence[Statement]
) -> Iterator[tuple[str, int]]:
    name = name_pattern(column.name)
    named = [each for each in about if name.search(each.sql)]
    where = f"`{column.name}` of `{_shown(old)}`"
    if before is None:
        added = [each for each in named if _ADDS.search(each.sql)]
        if added and not any(_FILLS.search(each.sql) for each in named):
            yield f"adds {where} as `NOT NULL` without a default", _line(added, _ADDS)
    elif not before.not_null:
        proof = f"{column.name} IS NOT NULL"
        if not any(proof in check.expression for check in old.checks):
            yield f"sets {where} `NOT NULL`", _line(named, _NOT_NULL)


def _shown(table: Table) -> str:
    return table.name.removeprefix("public.")


def _line(statements: Iterable[Statement], pattern: re.Pattern[str]) -> int:
    return next((each.line for each in statements if pattern.search(each.sql)), 0)
