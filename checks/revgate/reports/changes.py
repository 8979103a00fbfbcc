"""Describes what a revision does to the schema, and by which statements, for a reviewer."""

from __future__ import annotations

import re
from collections import Counter
from textwrap import dedent, indent
from typing import TYPE_CHECKING, NamedTuple

from revgate.text import count, plural, truncate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from revgate.postgres.snapshot.change import CatalogueChange
    from revgate.result import Result
    from revgate.roundtrip.observed import Statement, Step

MOST_REVISIONS = 20
"""More new revisions than that are a history, not a change to review."""
MANY_LINES = 40
"""Lines of a schema difference from which reports only count what belongs to a table."""
_MOST_DEFINED = 200
"""Characters of a definition."""
_INDENTED = 4
"""Spaces before what continues a statement that begins without any."""
_SIGNS = {"left": "+", "gone": "-", "changed": "!"}
_PARTS = ("column", "default", "constraint", "index", "trigger", "policy", "rule")
"""Kinds that are shown below their table, in this order."""
_WRITTEN_OUT = ("function", "materialized view", "rule", "trigger", "view")
"""Kinds whose definition is the statement that creates them, which is shown as well."""
_NAME = r'(?:"(?:[^"]|"")*"|[^\s".(]+)'
_INDEXED = re.compile(rf"^CREATE (?:UNIQUE )?INDEX {_NAME} ON (?:ONLY )?({_NAME}(?:\.{_NAME})?)")


class Line(NamedTuple):
    """One line of a schema difference."""

    sign: str
    """`+` for what is new, `-` for what is gone, `!` for what changed; a space for a table that
    only contains such things."""
    text: str
    is_part: bool = False
    """Whether it belongs to the table above it."""


def to_review(result: Result) -> Sequence[Step]:
    """Return the new revisions that ran, in upgrade order; none if there are very many."""
    found = [
        step
        for trip in result.roundtrips
        for step in trip.steps
        if step.new and step.upgrade_ms is not None
    ]
    return found if len(found) <= MOST_REVISIONS else ()


def in_other_contexts(result: Result) -> Mapping[tuple[str, str], Sequence[tuple[str, Step]]]:
    """Return what revisions did in further databases or schemas, where that is something else.

    Returns:
        The name of each context with the step in it, by environment and revision.
    """
    found: dict[tuple[str, str], list[tuple[str, Step]]] = {}
    for trip in result.roundtrips:
        known = {(step.revision.id, _sent(step)) for step in trip.steps}
        for other in trip.other_contexts:
            for step in other.steps:
                key = (step.revision.id, _sent(step))
                if step.statements and key not in known:
                    known.add(key)
                    place = (trip.environment.name, step.revision.id)
                    found.setdefault(place, []).append((other.context, step))
    return found


def _sent(step: Step) -> tuple[str, ...]:
    return tuple(each.sql for each in step.statements)


def schema_lines(step: Step) -> Iterator[Line]:
    """Yield what the upgrade adds, removes and changes, as a difference that goes by table."""
    heads = {change.name: change for change in step.changes if change.kind == "table"}
    tables: dict[str, list[CatalogueChange]] = {name: [] for name in heads}
    labels = {owner: each.after for owner, each in step.new_parts if each.kind == "enum order"}
    others = []
    for table, change in _owned(step):
        if table:
            tables.setdefault(table, []).append(change)
        else:
            others.append(change)
    for table, parts in tables.items():
        head = heads.get(table)
        yield _line(head, table) if head else Line(" ", f"table {table}")
        for part in _ordered(step, table, parts):
            yield _line(part, _own_name(part), is_part=True)
    for change in others:
        if change.kind == "type" and change.name in labels:
            change = change._replace(after=f"{change.after} ({labels[change.name]})")
        yield _line(change, change.name)


def _owned(step: Step) -> Iterator[tuple[str, CatalogueChange]]:
    """Yield all other changes, each with the table that it belongs to; empty for none."""
    yield from ((_table_of(each), each) for each in step.changes if each.kind != "table")
    yield from (pair for pair in step.new_parts if pair[1].kind != "enum order")


def by_table(found: Sequence[Line]) -> list[tuple[Line, list[Line]]]:
    """Put the lines on parts of a table with the one on the table."""
    tables: list[tuple[Line, list[Line]]] = []
    for each in found:
        if each.is_part:
            tables[-1][1].append(each)
        else:
            tables.append((each, []))
    return tables


def count_parts(parts: Sequence[Line]) -> str:
    """Count parts of a table: `16 columns, 2 constraints`."""
    kinds = Counter(each.text.partition(" ")[0] for each in parts)
    plurals = {"index": "indexe", "policy": "policie"}
    return ", ".join(
        f"{number} {plural(number, kind if number == 1 else plurals.get(kind, kind))}"
        for kind, number in kinds.items()
    )


def _table_of(change: CatalogueChange) -> str:
    """Return the table that a change belongs to; empty for none."""
    if change.kind == "index":
        found = _INDEXED.match(change.after or change.before)
        return found[1].removeprefix("public.") if found else ""
    if change.kind not in _PARTS:
        return ""
    from revgate.postgres.names import split_name

    return split_name(change.name)[0]


def _own_name(change: CatalogueChange) -> str:
    if change.kind == "index":
        return change.name
    from revgate.postgres.names import split_name

    return split_name(change.name)[1]


def _ordered(step: Step, table: str, parts: Sequence[CatalogueChange]) -> list[CatalogueChange]:
    """Put columns in the order in which the statements name them, then the other kinds."""
    text = _text_on(step, table)

    def rank(change: CatalogueChange) -> tuple[int, int, str]:
        name = _own_name(change).strip('"')
        found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)
        return _PARTS.index(change.kind), found.start() if found else len(text), change.name

    return sorted(_with_defaults(parts), key=rank)


def _text_on(step: Step, table: str) -> str:
    """Return the statements that create or alter a table."""
    from revgate.postgres.names import split_name

    name = re.escape(split_name(table)[1].strip('"'))
    named = re.compile(rf"\bTABLE\b[^(]*?(?<!\w){name}(?!\w)", re.IGNORECASE)
    texts = [each.shown or each.sql for each in step.statements]
    return "\n".join(each for each in texts if named.search(each))


def _with_defaults(parts: Sequence[CatalogueChange]) -> list[CatalogueChange]:
    """Write the defaults of new columns behind their types."""
    new = {each.name for each in parts if each.kind == "column" and each.how == "left"}
    defaults = {each.name: each.after for each in parts if each.kind == "default"}
    return [
        each._replace(after=f"{each.after} DEFAULT {defaults[each.name]}")
        if each.kind == "column" and each.name in new and each.name in defaults
        else each
        for each in parts
        if not (each.kind == "default" and each.name in new)
    ]


def _line(change: CatalogueChange, name: str, *, is_part: bool = False) -> Line:
    before, after = (truncate(" ".join(each.split()), _MOST_DEFINED) for each in change[3:5])
    if change.kind == "index":
        before, after = (each.partition(" USING ")[2] or each for each in (before, after))
    if change.kind in _WRITTEN_OUT and change.how == "left":
        return Line("+", f"{change.kind} {name}", is_part)
    said = {"left": after, "gone": before}.get(change.how, f"{before or 'plain'} → {after}")
    if change.how == "changed" and before == after:
        said = "with another definition"
    return Line(_SIGNS[change.how], f"{change.kind} {name} {said}".rstrip(), is_part)


def sql_lines(statement: Statement) -> list[str]:
    """Return a statement as it was sent, without the indentation of the code around it."""
    text = (statement.shown or statement.sql).expandtabs(4)
    first, _, rest = dedent(text).partition("\n")
    if rest != (unindented := dedent(rest)) and _indentation(rest) > _INDENTED:
        rest = indent(unindented, " " * _INDENTED)
    return [first.strip(), *rest.rstrip().splitlines()]


def _indentation(text: str) -> int:
    """Return the indentation of the first line."""
    return len(text) - len(text.lstrip(" "))


def title(step: Step) -> str:
    """Return how many statements ran, and for how long."""
    return f"{count(len(step.statements), 'statement')}, {step.upgrade_ms or 0.0:.1f} ms"


def effects(statement: Statement) -> Iterator[str]:
    """Yield what a statement locks, rewrites and scans."""
    for lock in statement.locks:
        yield f"`{lock.mode}` on `{lock.table}` for {lock.held_ms:.0f} ms"
    for verb, tables in (("rewrites", statement.rewrites), ("scans", statement.scans)):
        for table in tables:
            yield f"{verb} `{table}`"
