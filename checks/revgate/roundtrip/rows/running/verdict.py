"""Concludes what an upgrade broke from the operations that worked before it and fail now.

One `Break` for each thing that was changed, however many operations fail because of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.postgres.names import name_parts, shown_name, unquoted
from revgate.roundtrip.observed import Break, Broken
from revgate.roundtrip.rows.running.operations import Kind, Operation
from revgate.roundtrip.rows.running.relations import read_relations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from revgate.roundtrip.rows.running.perform import Outcome
    from revgate.roundtrip.rows.running.relations import Relation

_NO_RELATION = ("42P01", "3F000")
_NO_COLUMN = "42703"
_NOT_NULL = "23502"
_DENIED = "42501"
_GENERATED = "428C9"
_CONSTRAINTS = {
    "23514": Broken.CHECK,
    "23505": Broken.UNIQUE,
    "23P01": Broken.UNIQUE,
    "23503": Broken.FOREIGN_KEY,
}
_OBJECTS = {
    Kind.CALL: Broken.FUNCTION,
    Kind.CAST: Broken.TYPE,
    Kind.COUNT: Broken.SEQUENCE,
    Kind.LOG_IN: Broken.ROLE,
}


class Tried(NamedTuple):
    """An operation that worked before a step, and what came of it before and after."""

    operation: Operation
    before: Outcome
    after: Outcome

    @property
    def fails(self) -> bool:
        """Whether it fails now, because of the step."""
        # Where the table could not be emptied, its own rows are in the way.
        if self.operation.kind is Kind.NULL:
            return False
        in_the_way = not self.after.emptied and self.after.state.startswith("23")
        return not self.after.worked and not in_the_way


def conclude(
    cursor: Any, relations: Mapping[str, Relation], tried: Sequence[Tried]
) -> Iterator[tuple[Break, bool]]:
    """Yield what a step broke, and whether that breaks all code which names it.

    Args:
        cursor: Of the database after the step.
        relations: What was there before it, by name.
        tried: What worked before it.
    """
    for name, relation in relations.items():
        own = [each for each in tried if each.operation.relation == name]
        failing = [each for each in own if each.fails]
        if failing:
            yield from _of_relation(relation, failing, _now(cursor, relation))
        yield from _unseen(relation, own)
        yield from _nullable(relation, own)
    for each in tried:
        kind = _OBJECTS.get(each.operation.kind)
        if kind and each.fails:
            schema, bare = name_parts(each.operation.relation.partition("(")[0])
            shown = shown_name(schema or "public", bare)
            yield Break(kind, shown, error=each.after.message), False


class _Now(NamedTuple):
    """What became of a relation."""

    renamed: str
    """Its new name; empty if it kept it, or is gone."""
    columns: Mapping[str, str]
    """The new name of each column that lost its own; empty for one that is gone."""


def _now(cursor: Any, relation: Relation) -> _Now:
    cursor.execute(
        "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname),"
        " ARRAY(SELECT ARRAY[a.attnum::text, quote_ident(a.attname)] FROM pg_attribute a"
        " WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = %s",
        (relation.oid,),
    )
    found = cursor.fetchone()
    name, pairs = found or ("", ())
    by_number = {int(number): column for number, column in pairs}
    named = read_relations(cursor, [relation.name])
    there = {each.name for other in named for each in other.columns}
    return _Now(
        "" if name == relation.name else name,
        {
            each.name: by_number.get(each.number, "")
            for each in relation.columns
            if each.name not in there
        },
    )


def _of_relation(
    relation: Relation, failing: Sequence[Tried], now: _Now
) -> Iterator[tuple[Break, bool]]:
    table = shown(relation.name)
    gone = [each for each in failing if each.after.state in _NO_RELATION]
    reads = [each for each in gone if each.operation.kind is Kind.READ]
    if reads:
        error = reads[0].after.message
        renamed = now.renamed and shown(now.renamed)
        view = _view(relation.name, now.renamed) if now.renamed else ""
        yield Break(Broken.RELATION, table, now=renamed, view=view, error=error), True
        return
    lost = [each for each in failing if each.after.state == _NO_COLUMN]
    known = [column for column in now.columns if any(_names(each, column) for each in lost)]
    for column in known:
        error = next(each.after.message for each in lost if _names(each, column))
        renamed = unquoted(now.columns[column])
        yield Break(Broken.COLUMN, table, unquoted(column), renamed, error=error), True
    seen: set[tuple[str, str]] = set()
    for each in failing:
        if known and each.after.state == _NO_COLUMN:
            continue
        found = _of_operation(relation, each)
        if (found.what, found.part) not in seen:
            seen.add((found.what, found.part))
            yield _with_values(found, failing), each.operation.typical


def _names(tried: Tried, column: str) -> bool:
    return any(column in each for each in tried.operation.statements)


def _of_operation(relation: Relation, tried: Tried) -> Break:
    operation, outcome = tried.operation, tried.after
    found = Break(
        Broken.REFUSED,
        shown(relation.name),
        doing=_DOING[operation.kind],
        role=unquoted(operation.role),
        error=outcome.message,
    )
    columns = {unquoted(each.name): each for each in relation.columns}
    if outcome.state == _NOT_NULL and outcome.column:
        column = columns.get(outcome.column)
        if column and operation.column == column.name:
            return found._replace(what=Broken.NOT_NULL, part=outcome.column)
        if column and column.default:
            return found._replace(what=Broken.DEFAULT, part=outcome.column)
        what = Broken.NOT_NULL if column and not column.not_null else Broken.OMITTED
        return found._replace(what=what, part=outcome.column)
    if outcome.state in _CONSTRAINTS and outcome.constraint:
        return found._replace(what=_CONSTRAINTS[outcome.state], part=outcome.constraint)
    if outcome.state == _GENERATED:
        named = (name for name in columns if f'"{name}"' in outcome.message)
        return found._replace(what=Broken.GENERATED, part=next(named, ""))
    if outcome.state == _DENIED:
        return found._replace(what=Broken.ACCESS, part=found.role)
    if operation.kind is Kind.COMPARE:
        return found._replace(
            what=Broken.COMPARISON, part=unquoted(operation.column), now=operation.value
        )
    if operation.kind is Kind.WRITE:
        return found._replace(what=Broken.VALUE, part=unquoted(operation.column))
    return found._replace(part=f"{operation.kind} {outcome.state}")


_DOING = {
    Kind.READ: "reads",
    Kind.INSERT: "inserts into",
    Kind.WRITE: "inserts into",
    Kind.UPDATE: "updates",
    Kind.DELETE: "deletes from",
    Kind.COMPARE: "reads",
    Kind.NULL: "reads",
}


def _with_values(found: Break, failing: Sequence[Tried]) -> Break:
    """Add the values that a column refuses."""
    if found.what != Broken.VALUE:
        return found
    values = [
        each.operation.value for each in failing
        if each.operation.kind is Kind.WRITE and unquoted(each.operation.column) == found.part
    ]  # fmt: skip
    return found._replace(now=", ".join(dict.fromkeys(values)))


def _unseen(relation: Relation, tried: Sequence[Tried]) -> Iterator[tuple[Break, bool]]:
    """Yield roles that read fewer of the rows that are there, and inserts that are discarded."""
    everyone = next(
        (each for each in tried if each.operation.kind is Kind.READ and not each.operation.role),
        None,
    )
    if everyone is None:
        return
    told: set[str] = set()
    for each in tried:
        operation, before, after = each
        fewer = after.worked and after.rows < min(before.rows, everyone.after.rows)
        if operation.kind is Kind.READ and operation.role and fewer:
            told.add(operation.role)
            rows = f"it sees {after.rows} of {everyone.after.rows} rows"
            facts = Break(Broken.HIDDEN, shown(relation.name), doing="reads", error=rows)
            yield facts._replace(role=unquoted(operation.role)), True
        discarded = after.worked and after.rows < before.rows
        if operation.kind is Kind.INSERT and discarded and operation.role not in told:
            told.add(operation.role)
            facts = Break(Broken.REFUSED, shown(relation.name), doing="inserts into")
            yield facts._replace(error="the row is discarded"), operation.typical


def _nullable(relation: Relation, tried: Sequence[Tried]) -> Iterator[tuple[Break, bool]]:
    for operation, _, after in tried:
        if operation.kind is Kind.NULL and after.worked and after.rows:
            yield Break(Broken.NULLABLE, shown(relation.name), unquoted(operation.column)), False


def shown(name: str) -> str:
    """Return the name of a relation for messages."""
    return shown_name(*name_parts(name))


def _view(old: str, new: str) -> str:
    """Return the statement that keeps the old name of a table alive."""
    old, new = (each.removeprefix("public.") for each in (old, new))
    return f"CREATE VIEW {old} AS SELECT * FROM {new}"  # noqa: S608 - names PostgreSQL quoted
