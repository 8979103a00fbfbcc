"""What code that exists does with tables and views, as statements that name only what it knew.

Values are written as drivers write them: numbers and booleans as such, all else as a string that
PostgreSQL gives the type of its column.
"""

# ruff: noqa: S608 - names that PostgreSQL quoted, and literals

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from revgate.roundtrip.rows.running.relations import WRITABLE
from revgate.roundtrip.rows.values import length, precision, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from revgate.roundtrip.rows.running.affected import Part
    from revgate.roundtrip.rows.running.relations import Column, Relation, Row

_MOST_LABELS = 40
_LONG = 1000
_NUMBERS = ("int2", "int4", "int8", "numeric", "float4", "float8", "oid")
_PLAIN_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_LARGEST = {"int2": 2**15 - 1, "int4": 2**31 - 1, "int8": 2**63 - 1}
_NOWHERE = {"uuid": "00000000-0000-4000-8000-000000007654", **dict.fromkeys(_NUMBERS, "7654")}


class Kind(StrEnum):
    """What an operation does."""

    READ = "read"
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    WRITE = "write"
    """Inserts a row with a particular value in one column."""
    COMPARE = "compare"
    NULL = "null"
    """Gives NULL to a column that does not take it before the revision."""
    CALL = "call"
    CAST = "cast"
    COUNT = "count"
    """Reads a sequence."""
    LOG_IN = "log in"


class Operation(NamedTuple):
    """One thing that code does."""

    kind: Kind
    relation: str
    """Or the function, type, sequence or role that it is about."""
    statements: tuple[str, ...]
    column: str = ""
    """That it is about in particular."""
    value: str = ""
    """What it writes there."""
    role: str = ""
    """As whom."""
    clears: str = ""
    """The table that is emptied first."""
    typical: bool = True
    """Whether all code does it, not only code that writes particular values."""


class Naming(NamedTuple):
    """Which columns of a relation some code names; all of them where nothing is known of it."""

    columns: frozenset[str]
    omitted: frozenset[str]
    """Those that it leaves to the database when it inserts."""
    nullable: frozenset[str] = frozenset()
    """Those in which it expects NULL, whether or not there can be any."""


def naming(relation: Relation) -> Naming:
    """Return what code names that nothing is known of, which leaves defaults to the database."""
    return Naming(
        frozenset(each.name for each in relation.columns),
        frozenset(each.name for each in relation.columns if each.default or each.identity),
    )


def access(relation: Relation, rows: Sequence[Row], named: Naming) -> Iterator[Operation]:
    """Yield what all code does: reads the rows, inserts them again, updates and deletes them."""
    yield _read(relation, named)
    if relation.kind not in WRITABLE:
        return
    yield from _inserts(relation, rows, named)
    if rows:
        yield from _changes(relation, named)


def _read(relation: Relation, named: Naming, role: str = "") -> Operation:
    names = ", ".join(each.name for each in relation.columns if each.name in named.columns)
    # A foreign table is on a server that is not there.
    rest = "WHERE false" if relation.kind == "f" else "LIMIT 100"
    statement = f"SELECT {names} FROM {relation.name} {rest}"
    return Operation(Kind.READ, relation.name, (statement,), role=role)


def _changes(relation: Relation, named: Naming, role: str = "") -> Iterator[Operation]:
    plain = [
        each.name for each in relation.columns
        if each.name in named.columns and not each.generated and not each.is_counted
    ]  # fmt: skip
    if plain:
        update = f"UPDATE {relation.name} SET {', '.join(f'{name} = {name}' for name in plain)}"
        yield Operation(Kind.UPDATE, relation.name, (update,), role=role)
    yield Operation(Kind.DELETE, relation.name, (f"DELETE FROM {relation.name}",), role=role)


def _inserts(relation: Relation, rows: Sequence[Row], named: Naming) -> Iterator[Operation]:
    if not rows:
        return
    ways = [named.omitted]
    if any(each.name in named.omitted and not each.is_counted for each in relation.columns):
        counted = frozenset(each.name for each in relation.columns if each.is_counted)
        ways.append(named.omitted & counted)
    for omitted in ways:
        every = tuple(_insert(relation, row, named, omitted) for row in rows)
        for at, statement in enumerate(every):
            yield _inserting(relation, (statement,), typical=at == 0 and omitted == ways[0])
        if len(every) > 1:
            yield _inserting(relation, every, typical=False)


def _inserting(relation: Relation, statements: tuple[str, ...], *, typical: bool) -> Operation:
    name = relation.name
    return Operation(Kind.INSERT, name, statements, clears=name, typical=typical)


def _insert(
    relation: Relation,
    row: Row,
    named: Naming,
    omitted: frozenset[str],
    chosen: Mapping[str, str] | None = None,
) -> str:
    values = {
        column.name: literal(column, text)
        for column, text in zip(relation.columns, row, strict=True)
        if column.name in named.columns and column.name not in omitted
        and not column.generated and column.identity != "a"
    } | dict(chosen or {})  # fmt: skip
    if not values:
        return f"INSERT INTO {relation.name} DEFAULT VALUES"
    names, texts = ", ".join(values), ", ".join(values.values())
    return f"INSERT INTO {relation.name} ({names}) VALUES ({texts})"


def literal(column: Column, text: str | None) -> str:
    """Return a value as a driver writes it."""
    if text is None:
        return "NULL"
    if column.word in _NUMBERS and _PLAIN_NUMBER.fullmatch(text):
        return text
    if column.word == "bool":
        return "true" if text in ("t", "true") else "false"
    return quoted(text)


# -- particular values ------------------------------------------------------------------------


def particular(
    relation: Relation,
    rows: Sequence[Row],
    named: Naming,
    parts: Sequence[Part],
    *,
    relabelled: bool,
) -> Iterator[Operation]:
    """Yield writes of values that a change of some parts may refuse.

    Args:
        relation: The table.
        rows: What is in it.
        named: What the code names.
        parts: The changed parts.
        relabelled: Whether an enum has lost labels.
    """
    if relation.kind not in WRITABLE or not rows:
        return
    columns = {each.name: each for each in relation.columns if each.name in named.columns}
    altered = {part.name for part in parts if part.kind == "column"}
    for part in parts:
        if part.kind == "column" and part.name in columns and part.after is not None:
            yield from _of_column(relation, rows[0], named, columns[part.name], part)
        if part.kind == "constraint" and (part.after or "").startswith("FOREIGN KEY"):
            yield from _nowhere(relation, rows[0], named, columns.values(), part)
    for column in columns.values():
        if relabelled or column.name in altered:
            yield from _labels(relation, rows[0], named, column)


def write(
    relation: Relation, row: Row, named: Naming, chosen: Mapping[str, str], column: str = ""
) -> Operation:
    """Return the operation that inserts a row with particular values."""
    omitted = named.omitted - chosen.keys()
    statement = _insert(relation, row, named, omitted, chosen)
    value = chosen.get(column, "").strip()
    return Operation(
        Kind.WRITE, relation.name, (statement,), column, value, clears=relation.name, typical=False
    )


def _of_column(
    relation: Relation, row: Row, named: Naming, column: Column, part: Part
) -> Iterator[Operation]:
    if column.generated:
        return
    if not column.not_null and "NOT NULL" in (part.after or ""):
        yield write(relation, row, named, {column.name: "NULL"}, column.name)
    loses_not_null = column.not_null and "NOT NULL" not in (part.after or "")
    if loses_not_null and column.name not in named.nullable:
        statement = f"UPDATE {relation.name} SET {column.name} = NULL"
        yield Operation(Kind.NULL, relation.name, (statement,), column.name, typical=False)
    if (part.before or "").removesuffix(" NOT NULL") == (part.after or "").removesuffix(
        " NOT NULL"
    ):
        return
    largest = _largest(column)
    if largest and column.identity != "a":
        yield write(relation, row, named, {column.name: largest}, column.name)
    text = row[relation.columns.index(column)]
    if text is not None:
        value = literal(column, text)
        statement = f"SELECT FROM {relation.name} WHERE {column.name} = {value}"
        yield Operation(Kind.COMPARE, relation.name, (statement,), column.name, value)


def _largest(column: Column) -> str:
    """Return the longest or largest value that a column takes; empty if there is none."""
    if column.word in ("varchar", "bpchar", "text", "citext"):
        return quoted("a" * min(length(column.modifier) or _LONG, _LONG))
    if column.word in _LARGEST:
        return str(_LARGEST[column.word])
    if column.word == "numeric":
        digits = precision(column.modifier)
        return "9" * max(digits[0], 1) if digits else "9" * 20
    return ""


def _nowhere(
    relation: Relation, row: Row, named: Naming, columns: Iterable[Column], part: Part
) -> Iterator[Operation]:
    """Yield the write of a reference to a row that does not exist."""
    key = (part.after or "").partition("(")[2].partition(")")[0].split(", ")
    for column in columns:
        if column.name == key[0] and not column.generated:
            value = _NOWHERE.get(column.word) or quoted("nowhere")
            yield write(relation, row, named, {column.name: value}, column.name)


def _labels(relation: Relation, row: Row, named: Naming, column: Column) -> Iterator[Operation]:
    for label in column.labels[:_MOST_LABELS]:
        if not column.generated:
            yield write(relation, row, named, {column.name: quoted(label)}, column.name)


# -- other roles and objects ------------------------------------------------------------------


def as_roles(relation: Relation, rows: Sequence[Row], named: Naming) -> Iterator[Operation]:
    """Yield what each role with privileges on a relation does."""
    for role in relation.roles:
        yield _read(relation, named, role)
        if relation.kind not in WRITABLE or not rows:
            continue
        statement = _insert(relation, rows[0], named, named.omitted)
        insert = _inserting(relation, (statement,), typical=True)
        yield insert._replace(role=role)
        yield from _changes(relation, named, role)


def call(name: str, arguments: Sequence[str]) -> Operation:
    """Return the operation that resolves a call of a function, without running it."""
    columns = ", ".join(f"NULL::{each} AS a{at}" for at, each in enumerate(arguments))
    names = ", ".join(f"a{at}" for at in range(len(arguments)))
    bare = name.partition("(")[0]
    statement = f"SELECT {bare}({names}) FROM (SELECT {columns} OFFSET 0) q WHERE false"
    return Operation(Kind.CALL, name, (statement,))


def cast(name: str) -> Operation:
    """Return the operation that casts to a type."""
    return Operation(Kind.CAST, name, (f"SELECT NULL::{name}",))


def count(name: str) -> Operation:
    """Return the operation that reads a sequence."""
    return Operation(Kind.COUNT, name, (f"SELECT last_value FROM {name}",))


def log_in(name: str) -> Operation:
    """Return the operation that takes a role."""
    return Operation(Kind.LOG_IN, name, ("SELECT 1",), role=name)
