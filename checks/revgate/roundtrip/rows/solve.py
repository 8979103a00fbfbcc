"""Asks PostgreSQL in one query which of many candidate values satisfy conditions.

The candidates come from `values` and `hints`.
"""

# ruff: noqa: S608 - expressions of PostgreSQL's own writing, on a throwaway database

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from revgate.roundtrip.rows import hints
from revgate.roundtrip.rows.values import Values, length, precision, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from revgate.roundtrip.rows.catalogue import Check, Table, Type

_COMBINATIONS = 6000
_SOLUTIONS = 300
_PLAIN = 6
_INTEGERS = {"int2": 2**15, "int4": 2**31, "int8": 2**63, "oid": 2**31}
_TEXTS = ("text", "varchar", "bpchar", "citext", "name", "char")
_DAYS = ("date", "timestamp", "timestamptz")

Row = dict[str, str]
"""The expression of each column, by name."""


def suggestions(values: Values, oid: int, modifier: int, text: str) -> list[str]:
    """Return values of a type that could satisfy a condition, likely ones first.

    Args:
        values: For the types of the database.
        oid: The type.
        modifier: Its modifier.
        text: The condition.
    """
    if of_domain := values.of_domain(oid):
        return of_domain
    type_, modifier = values.bare(oid, modifier)
    if type_.kind == "e":
        found = [quoted(label) for label in type_.labels]
    elif type_.element:
        return list(_arrays(values, type_, text))
    else:
        found = [quoted(each) for each in _suggested(type_, modifier, text)]
    made = (values.make(oid, modifier, number) for number in range(_PLAIN))
    plain = [each for each in made if each is not None]
    return list(dict.fromkeys([*(f"{each}::{type_.name}" for each in found), *plain]))


def _suggested(type_: Type, modifier: int, text: str) -> Iterator[str]:
    if type_.word in _INTEGERS:
        limit = _INTEGERS[type_.word]
        yield from (str(int(n)) for n in hints.numbers(text) if n == int(n) and abs(n) < limit)
    elif type_.word in ("numeric", "float4", "float8", "money"):
        digits = precision(modifier) if type_.word == "numeric" else None
        whole = digits[0] if digits else 15
        yield from (str(n) for n in hints.numbers(text) if abs(n) < 10**whole)
    elif type_.word in _TEXTS:
        longest = length(modifier)
        yield from (each for each in hints.texts(text) if longest is None or len(each) <= longest)
    elif type_.word == "bytea":
        yield from hints.binaries(text)
    elif type_.word in _DAYS:
        yield from hints.dates(text)
    elif type_.word in ("json", "jsonb"):
        yield from hints.objects(text)


def _arrays(values: Values, type_: Type, text: str) -> Iterator[str]:
    items = suggestions(values, type_.element, -1, text)[:8]
    yield f"'{{}}'::{type_.name}"
    sizes = [int(n) for n in hints.numbers(text) if 0 < n <= 20 and n == int(n)]
    for size in dict.fromkeys((1, 2, *sizes)):
        for item in items:
            yield f"ARRAY[{', '.join([item] * size)}]::{type_.name}"


def components(table: Table, ignored: Sequence[str] = ()) -> list[tuple[list[Check], list[str]]]:
    """Group checks that share columns, with all columns of each group.

    A generated column includes the columns of its expression.
    """
    groups: list[tuple[list[Check], set[str]]] = []
    for check in table.checks:
        columns = set(check.columns) - set(ignored)
        for name in list(columns):
            columns |= _source_columns(table, name)
        touched = [group for group in groups if group[1] & columns]
        groups = [group for group in groups if not group[1] & columns]
        checks = [each for group in touched for each in group[0]]
        groups.append(([*checks, check], columns.union(*(group[1] for group in touched))))
    order = [column.name for column in table.columns]
    return [(checks, sorted(columns, key=order.index)) for checks, columns in groups]


def _source_columns(table: Table, name: str) -> set[str]:
    column = table.column(name)
    if not column.generated:
        return set()
    words = set(re.findall(r'"(?:[^"]|"")+"|\w+', column.default))
    return {each.name for each in table.columns if each.name in words}


class Solver:
    """Queries one database."""

    def __init__(self, cursor: Any, errors: type[Exception]) -> None:
        self._cursor = cursor
        self._errors = errors

    def domain(self, values: Values, type_: Type) -> list[str]:
        """Return values of its base type that a domain accepts."""
        text = " AND ".join(f"(({check}) IS NOT FALSE)" for check in type_.checks)
        choices = suggestions(values, type_.base, type_.modifier, text)
        return [row["value"] for row in self._ask({"value": choices}, (), text)]

    def solve(
        self, table: Table, checks: Sequence[Check], choices: Mapping[str, Sequence[str]]
    ) -> list[Row]:
        """Return rows, restricted to the given columns, that satisfy checks.

        Args:
            table: The table of the checks.
            checks: Checks that share columns.
            choices: Candidates for each column, likely ones first.
        """
        made = [
            f"CROSS JOIN LATERAL (SELECT ({column.default}) AS {column.name}) AS made_{number}"
            for number, column in enumerate(table.columns)
            if column.generated and any(column.name in check.columns for check in checks)
        ]
        text = " AND ".join(f"(({check.expression}) IS NOT FALSE)" for check in checks)
        return self._ask(choices, made, text)

    def _ask(
        self, choices: Mapping[str, Sequence[str]], made: Sequence[str], condition: str
    ) -> list[Row]:
        most = max(2, int(_COMBINATIONS ** (1 / max(len(choices), 1))))
        lists = {name: list(each)[:most] for name, each in choices.items()}
        if not lists or not all(lists.values()):
            return []
        numbers = [f"n_{at}" for at in range(len(lists))]
        sources = [
            f"(VALUES {', '.join(f'({place}, {each})' for place, each in enumerate(values))})"
            f" AS t_{at} (n_{at}, {name})"
            for at, (name, values) in enumerate(lists.items())
        ]
        query = (
            f"SELECT {', '.join(numbers)} FROM {' CROSS JOIN '.join(sources)} {' '.join(made)}"
            f" WHERE {condition} ORDER BY {' + '.join(numbers)} LIMIT {_SOLUTIONS}"
        )
        try:
            self._cursor.execute(query)
        except self._errors:
            return []
        return [
            {name: values[place] for (name, values), place in zip(lists.items(), row, strict=True)}
            for row in self._cursor.fetchall()
        ]
