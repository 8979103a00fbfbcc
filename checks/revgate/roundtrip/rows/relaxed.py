"""Rows that only the schema after an upgrade allows.

Nulls where a column became nullable, equal rows where a unique key went, longer texts, new labels
of an enum, and values that a check or a foreign key used to refuse.
"""

# ruff: noqa: S608 - SQL of our own words and PostgreSQL's, on a throwaway database

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from revgate.roundtrip.rows.catalogue import Check
from revgate.roundtrip.rows.solve import Solver, suggestions
from revgate.roundtrip.rows.values import Values, length, precision, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from revgate.roundtrip.rows.catalogue import Column, Table, Type

_BITS = {"int2": 15, "int4": 31, "int8": 63}
_LONGEST = 1000
_NOWHERE = 7_654


class Schema(NamedTuple):
    """Some tables, and the types of their columns."""

    tables: tuple[Table, ...]
    types: Mapping[int, Type]


def relaxations(before: Schema, after: Schema, values: Values, solver: Solver) -> Iterator[str]:
    """Yield statements that give existing rows what the earlier schema refused.

    Args:
        before: The tables that a step altered, as they were.
        after: The same tables as they are.
        values: Of the types as they are.
        solver: Finds values for checks.
    """
    earlier = {table.oid: table for table in before.tables}
    for table in after.tables:
        if old := earlier.get(table.oid):
            for values_of in (
                _of_columns(old, table, before.types, values),
                _of_checks(old, table, values, solver),
                _of_foreign_keys(old, table, values),
            ):
                for chosen in values_of:
                    yield _update(table, chosen)
            yield from _equal_rows(old, table)


def _update(table: Table, chosen: Mapping[str, str]) -> str:
    """Return the statement for the row that was altered the longest ago."""
    values = ", ".join(f"{name} = {value}" for name, value in chosen.items())
    return (
        f"UPDATE {table.name} SET {values} WHERE (tableoid, ctid) = (SELECT tableoid, ctid"
        f" FROM {table.name} ORDER BY tableoid, ctid LIMIT 1)"
    )


def _of_columns(
    old: Table, new: Table, types: Mapping[int, Type], values: Values
) -> Iterator[dict[str, str]]:
    earlier = {column.name: column for column in old.columns}
    for column in new.columns:
        before = earlier.get(column.name)
        if before is None or column.generated:
            continue
        value = _wider(before, column, types, values)
        if value is not None:
            yield {column.name: value}
        if before.not_null and not column.not_null and not values.not_null(column.type):
            yield {column.name: "NULL"}


def _wider(before: Column, column: Column, types: Mapping[int, Type], values: Values) -> str | None:
    """Return a value that the column's earlier type refuses; None for none."""
    old = types[before.type]
    new, modifier = values.bare(column.type, column.modifier)
    labels = [label for label in new.labels if label not in old.labels]
    if new.kind == "e" and old.kind == "e" and labels:
        return f"{quoted(labels[0])}::{new.name}"
    if (before.type, before.modifier) == (column.type, column.modifier):
        return None
    limit, wider_limit = length(before.modifier), length(modifier)
    if old.word in ("varchar", "bpchar") and new.word in ("varchar", "bpchar", "text", "citext"):
        size = min((limit or 0) + 1, wider_limit or _LONGEST, _LONGEST)
        return quoted("a" * size) if limit and size > limit else None
    if old.word in _BITS and new.word in _BITS and _BITS[new.word] > _BITS[old.word]:
        return str(2 ** _BITS[old.word])
    if old.word == "numeric" and new.word == "numeric" and (digits := precision(before.modifier)):
        wider = precision(modifier)
        return str(10 ** digits[0]) if wider is None or wider[0] > digits[0] else None
    return None if old.word == new.word else values.make(column.type, column.modifier, _NOWHERE)


def _of_checks(old: Table, new: Table, values: Values, solver: Solver) -> Iterator[dict[str, str]]:
    """Yield values that satisfy the checks of today, and not one that is gone."""
    kept = {check.expression for check in new.checks}
    columns = {column.name: column for column in new.columns if not column.generated}
    for gone in old.checks:
        if gone.expression in kept or not columns.keys() >= set(gone.columns):
            continue
        related = [check for check in new.checks if set(check.columns) <= set(gone.columns)]
        violated = gone._replace(expression=f"NOT coalesce(({gone.expression}), true)")
        text = " ".join(check.expression for check in (*related, gone))
        choices = {
            name: suggestions(values, columns[name].type, columns[name].modifier, text)
            for name in gone.columns
        }
        yield from solver.solve(new, (*related, violated), choices)[:1]


def violation(table: Table, condition: str, values: Values, solver: Solver) -> dict[str, str]:
    """Return values that a table takes and that violate a further condition on its rows."""
    words = set(re.findall(r'"(?:[^"]|"")+"|\w+', condition))
    columns = tuple(column.name for column in table.columns if column.name in words)
    if not columns:
        return {}
    stricter = table._replace(checks=(*table.checks, Check(condition, columns)))
    return next(_of_checks(stricter, table, values, solver), {})


def _of_foreign_keys(old: Table, new: Table, values: Values) -> Iterator[dict[str, str]]:
    kept = {key.columns for key in new.foreign_keys}
    columns = {column.name: column for column in new.columns}
    for key in old.foreign_keys:
        column = columns.get(key.columns[0])
        if len(key.columns) == 1 and column and key.columns not in kept:
            value = values.make(column.type, column.modifier, _NOWHERE)
            if value is not None:
                yield {column.name: value}


def _equal_rows(old: Table, new: Table) -> Iterator[str]:
    """Yield statements that make two rows equal in a key that is no longer unique."""
    names = {column.name for column in new.columns if not column.generated}
    kept = [set(columns) for columns, in_expression in new.keys if not in_expression]
    for key, in_expression in old.keys:
        if in_expression or not names.issuperset(key) or any(each <= set(key) for each in kept):
            continue
        copied = ", ".join(
            f"{name} = (SELECT q.{name} FROM {new.name} q WHERE {_present('q', key)}"
            " ORDER BY q.tableoid, q.ctid LIMIT 1)"
            for name in key
        )
        # The newest row, so that the two are different ones.
        yield (
            f"UPDATE {new.name} SET {copied} WHERE (tableoid, ctid) = (SELECT tableoid, ctid"
            f" FROM {new.name} ORDER BY tableoid DESC, ctid DESC LIMIT 1)"
        )


def _present(alias: str, names: Iterable[str]) -> str:
    return " AND ".join(f"{alias}.{name} IS NOT NULL" for name in names)


_OF_TYPES = re.compile(r"\bTYPE\b", re.IGNORECASE)


def may_alter_types(statements: Iterable[str]) -> bool:
    """Tell whether one of some statements may alter a type, and with it columns of any table."""
    return any(_OF_TYPES.search(each) for each in statements)
