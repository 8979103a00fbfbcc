"""Does again, after an upgrade, what code could do before it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from revgate.postgres.names import unquoted
from revgate.roundtrip.rows.losses import name_pattern
from revgate.roundtrip.rows.running import operations as operation
from revgate.roundtrip.rows.running.affected import Affected, affected
from revgate.roundtrip.rows.running.operations import Kind, Naming, Operation
from revgate.roundtrip.rows.running.perform import perform
from revgate.roundtrip.rows.running.relations import (
    dependents,
    fullest_first,
    read_relations,
    read_rows,
)
from revgate.roundtrip.rows.running.verdict import Tried, conclude

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from revgate.postgres.snapshot import Snapshot
    from revgate.roundtrip.observed import Break, Statement
    from revgate.roundtrip.rows.catalogue import TableRows
    from revgate.roundtrip.rows.fill import Filler
    from revgate.roundtrip.rows.running.perform import Outcome
    from revgate.roundtrip.rows.running.relations import Relation, Row

_MOST_RELATIONS = 60
_MOST_ROWS = 300
_REFUSED_NULL = "23502"
_CHECK = re.compile(r"CHECK \((.*)\)(?: NO INHERIT)?(?: NOT VALID)?(?: NOT ENFORCED)?", re.DOTALL)


class RunningCode:
    """What code does with one database, from before an upgrade to after it."""

    def __init__(
        self,
        cursor: Any,
        errors: type[Exception],
        filler: Filler,
        naming: Callable[[Relation], Naming | None] = operation.naming,
    ) -> None:
        """Set up.

        Args:
            cursor: Of an autocommit connection.
            errors: The driver's exception.
            filler: Of the same database.
            naming: Returns what code names of a relation; None if no code uses it.
        """
        self._cursor = cursor
        self._errors = errors
        self._filler = filler
        self._naming = naming
        self._relations: dict[str, Relation] = {}
        self._worked: list[tuple[Operation, Outcome]] = []

    def prepare(self, before: Snapshot, after: Snapshot, tables: Sequence[TableRows]) -> None:
        """Find out what works before an upgrade, of what it may break.

        Args:
            before: The schema before it.
            after: The schema after it.
            tables: All tables, filled.
        """
        self._relations, self._worked = {}, []
        found = affected(before, after)
        if not found:
            return
        try:
            operations = list(self._operations(found, {each.name: each for each in tables}))
            outcomes = self._perform(operations)
        except self._errors:  # a timeout: what cannot be tested is not reported
            return
        self._worked = [
            (each, outcome)
            for each, outcome in zip(operations, outcomes, strict=True)
            if _is_usable(each, outcome)
        ]

    def _operations(self, found: Affected, tables: Mapping[str, TableRows]) -> Iterator[Operation]:
        names = [*found.parts, *dependents(self._cursor, found.functions)]
        read = read_relations(self._cursor, dict.fromkeys(names[:_MOST_RELATIONS]))
        named = {each.name: self._naming(each) for each in read}
        self._relations = {each.name: each for each in read if named[each.name]}
        small = [each for each in self._relations.values() if _is_small(each, tables)]
        rows = read_rows(self._cursor, small)
        for name, relation in self._relations.items():
            naming = named[name]
            assert naming  # noqa: S101 - the others were left out
            yield from self._of_relation(relation, naming, rows.get(relation.oid, []), found)
            yield from self._violations(
                relation, naming, rows.get(relation.oid, []), found, tables.get(name)
            )
        yield from self._of_objects(found)

    def _of_relation(
        self, relation: Relation, named: Naming, rows: Sequence[Row], found: Affected
    ) -> Iterator[Operation]:
        chosen = fullest_first(rows)
        parts = found.parts.get(relation.name, ())
        yield from operation.access(relation, chosen, named)
        yield from operation.particular(
            relation, chosen, named, parts, relabelled=bool(found.types)
        )
        if relation.name in found.guarded:
            yield from operation.as_roles(relation, chosen, named)

    def _violations(
        self,
        relation: Relation,
        named: Naming,
        rows: Sequence[Row],
        found: Affected,
        table: TableRows | None,
    ) -> Iterator[Operation]:
        """Yield the writes of values that new checks refuse."""
        for part in found.parts.get(relation.name, ()):
            check = _CHECK.fullmatch(part.after or "") if part.kind == "constraint" else None
            if check and table and rows:
                chosen = self._filler.violation(table, check[1])
                if chosen and named.columns.issuperset(chosen):
                    yield operation.write(relation, fullest_first(rows)[0], named, chosen)

    def _of_objects(self, found: Affected) -> Iterator[Operation]:
        """Yield the uses of functions, types, sequences and roles that are gone."""
        for name, arguments in self._signatures(found.gone["function"]):
            yield operation.call(name, arguments)
        yield from map(operation.cast, found.gone["type"])
        yield from map(operation.count, found.gone["sequence"])
        yield from map(operation.log_in, found.gone["role"])

    def _signatures(self, names: Sequence[str]) -> list[tuple[str, Sequence[str]]]:
        """Return the functions that a statement can call, each with the types of its arguments."""
        if not names:
            return []
        self._cursor.execute(
            "SELECT s.name, ARRAY(SELECT format_type(a, NULL) FROM unnest(p.proargtypes) a)"
            " FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
            " CROSS JOIN LATERAL (SELECT quote_ident(n.nspname) || '.' || quote_ident(p.proname)"
            " || '(' || pg_get_function_identity_arguments(p.oid) || ')') s (name)"
            " WHERE s.name = ANY (%s) AND p.prokind = 'f' AND p.prorettype NOT IN"
            " ('trigger'::regtype, 'event_trigger'::regtype)",
            (list(names),),
        )
        found: list[tuple[str, Sequence[str]]] = self._cursor.fetchall()
        return found

    def _perform(self, operations: Sequence[Operation]) -> list[Outcome]:
        sequences = [oid for each in self._relations.values() for oid in each.sequences]
        return perform(self._cursor, operations, sequences)

    def conclude(self, statements: Sequence[Statement]) -> tuple[tuple[Break, bool], ...]:
        """Return what an upgrade broke, and whether that breaks all code which names it.

        Args:
            statements: Those of the upgrade.
        """
        if not self._worked:
            return ()
        try:
            outcomes = self._perform([each for each, _ in self._worked])
            tried = [
                Tried(*pair, after) for pair, after in zip(self._worked, outcomes, strict=True)
            ]
            found = list(conclude(self._cursor, self._relations, tried))
        except self._errors:
            return ()
        return tuple((_placed(each, statements), typical) for each, typical in found)


def _is_usable(operation: Operation, outcome: Outcome) -> bool:
    """Tell whether an operation works, or is refused as it should be."""
    if operation.kind is Kind.NULL:
        return outcome.state == _REFUSED_NULL and unquoted(operation.column) == outcome.column
    return outcome.worked


def _is_small(relation: Relation, tables: Mapping[str, TableRows]) -> bool:
    return relation.name in tables and tables[relation.name].rows <= _MOST_ROWS


def _placed(found: Break, statements: Sequence[Statement]) -> Break:
    """Add the statement that most probably changed something: the one that names it best."""
    names = [name_pattern(each) for each in (found.object, found.part, found.now) if each]
    scores = [
        (sum(bool(name.search(each.sql)) for name in names), -at)
        for at, each in enumerate(statements)
        if each.line and not each.sql.lstrip().upper().startswith(("SELECT", "SET"))
    ]
    best, at = max(scores, default=(0, 0))
    if not best:
        return found
    return found._replace(line=statements[-at].line, statement=statements[-at].sql)
