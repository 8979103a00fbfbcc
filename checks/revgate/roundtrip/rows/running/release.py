"""What code names, by its models, and whether the migration or the new code can come first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.postgres.names import name_parts, unquoted
from revgate.roundtrip.rows.running.operations import Kind, Naming, access
from revgate.roundtrip.rows.running.perform import perform
from revgate.roundtrip.rows.running.relations import fullest_first, read_relations, read_rows

if TYPE_CHECKING:
    from revgate.roundtrip.answers import Mapped
    from revgate.roundtrip.rows.running.relations import Relation


class Works(NamedTuple):
    """What some models can do in a database, or cannot, by table and kind of operation."""

    found: dict[tuple[str, str], bool]

    def needs(self, later: Works) -> bool:
        """Tell whether something that works later does not work here."""
        return any(works and not self.found.get(key, False) for key, works in later.found.items())


def naming_of(mapped: Mapped, relation: Relation) -> Naming | None:
    """Return what the code of some models names of a relation; None if it maps none of it."""
    columns = mapped.tables.get(name_parts(relation.name))
    if columns is None:
        return None
    modelled = {each.name: each for each in columns}
    known = {
        each.name: modelled[unquoted(each.name)]
        for each in relation.columns
        if unquoted(each.name) in modelled
    }
    return Naming(
        frozenset(known),
        frozenset(name for name, each in known.items() if each.omitted),
        frozenset(name for name, each in known.items() if each.nullable),
    )


def what_works(cursor: Any, mapped: Mapped) -> Works:
    """Find out what the code of some models can do: read its columns, and insert rows."""
    every = {}
    for schema, name in mapped.tables:
        cursor.execute("SELECT quote_ident(%s) || '.' || quote_ident(%s)", (schema, name))
        every[cursor.fetchone()[0]] = (schema, name)
    relations = {each.name: each for each in read_relations(cursor, every)}
    found = {
        (name, Kind.READ.value): name in relations and _has_columns(mapped, key, relations[name])
        for name, key in every.items()
    }
    rows = read_rows(cursor, relations.values())
    inserts = []
    for relation in relations.values():
        named = naming_of(mapped, relation)
        chosen = fullest_first(rows.get(relation.oid, []))
        if named and chosen and found[relation.name, Kind.READ.value]:
            done = access(relation, chosen[:1], named)
            inserts += [each for each in done if each.kind is Kind.INSERT and each.typical]
    sequences = [oid for each in relations.values() for oid in each.sequences]
    for each, outcome in zip(inserts, perform(cursor, inserts, sequences), strict=True):
        found[each.relation, each.kind.value] = outcome.worked
    return Works(found)


def _has_columns(mapped: Mapped, key: tuple[str, str], relation: Relation) -> bool:
    there = {unquoted(each.name) for each in relation.columns}
    return all(each.name in there for each in mapped.tables[key])


def deploy_order(*, migrate_first: bool, code_first: bool) -> str:
    """Return which of the two can come first, the migration or the new code."""
    if migrate_first and code_first:
        return "either"
    if migrate_first:
        return "migrate first"
    return "code first" if code_first else "neither"
