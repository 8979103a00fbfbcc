"""Shared by the rules on schemas: what is new, which revision added it, and by which line.

Judged is the schema after the last revision, so that an upgrade may leave something to a later one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from revgate.findings import Finding
from revgate.postgres.names import split_name, unquoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from revgate.postgres.objects import Column, Table, Type
    from revgate.postgres.snapshot import Key
    from revgate.roundtrip.observed import RoundTrip, SchemaChange, Step


Added = TypeVar("Added")

LONGEST = 63
"""Bytes of a name. It is cut off between two characters, so it may lose up to three more."""


class Defect(NamedTuple):
    """What is wrong with one table or type."""

    key: tuple[object, ...]
    """Tells it from other defects of the same object, whatever names change."""
    message: str
    help: str
    names: tuple[str, ...]
    """Words that the statement has which added it: first the table or type, quoted where SQL
    requires it, and last what tells most."""


def added_to_tables(
    observed: RoundTrip, defects: Callable[[Table], Iterable[Defect]]
) -> list[Finding]:
    """Return a finding for each defect of a table at the head that a pending revision added."""
    return [to_finding(*each) for each in added_defects(observed, "table", defects)]


def added_to_types(
    observed: RoundTrip, defects: Callable[[Type], Iterable[Defect]]
) -> list[Finding]:
    """Return a finding for each defect of an enum or a domain, likewise."""
    return [to_finding(*each) for each in added_defects(observed, "type", defects)]


def added_defects(
    observed: RoundTrip, kind: str, defects: Callable[[Any], Iterable[Defect]]
) -> Iterator[tuple[Step, Defect]]:
    """Yield each defect at the head that a pending revision added, with its step.

    An object that one revision drops and creates again is not new.

    Args:
        observed: The round trip.
        kind: `table` or `type`.
        defects: Returns what is wrong with one of them.
    """
    since: dict[int, dict[tuple[object, ...], tuple[Step | None, Defect]]] = {}
    for step, change in _changes(observed):
        touched = {oid: each for (sort, oid), each in change.objects.items() if sort == kind}
        known = {oid: since.pop(oid, {}) for oid in touched}
        said = {was.message: origin for each in known.values() for origin, was in each.values()}
        for oid, each in touched.items():
            for defect in defects(each) if each else ():
                known_by_name = (said.get(defect.message, step), defect)
                origin, _ = known[oid].get(defect.key, known_by_name)
                since.setdefault(oid, {})[defect.key] = origin, defect
    yield from _of_pending(observed, (each for found in since.values() for each in found.values()))


def added_names(observed: RoundTrip) -> Iterator[tuple[Step, Key]]:
    """Yield each object at the head that got its name in a pending revision, with the step."""
    since: dict[Key, Step | None] = {}
    for step, change in _changes(observed):
        for key in change.vanished:
            since.pop(key, None)
        since.update(dict.fromkeys(change.appeared, step))
    yield from _of_pending(observed, ((origin, key) for key, origin in since.items()))


def _of_pending(
    observed: RoundTrip, found: Iterable[tuple[Step | None, Added]]
) -> Iterator[tuple[Step, Added]]:
    pending = {step.revision.id for step in observed.pending_steps()}
    for origin, each in found:
        if origin and origin.revision.id in pending:
            yield origin, each


def _changes(observed: RoundTrip) -> Iterator[tuple[Step | None, SchemaChange]]:
    if observed.schema:
        yield None, observed.schema
    for step in observed.steps:
        if step.schema:
            yield step, step.schema


def added_columns(
    observed: RoundTrip, is_wrong: Callable[[Column], bool], advice: str
) -> list[Finding]:
    """Return a finding for each column with a type that is wrong, as `added_to_tables`.

    Args:
        observed: The round trip.
        is_wrong: Tells whether a column is one; an inherited column is its parent's.
        advice: What to do, with a place for its name.
    """

    def defects(table: Table) -> Iterator[Defect]:
        for each in table.columns:
            if not each.inherited and is_wrong(each):
                name = f"`{shown(table)}.{each.name}`"
                yield Defect(
                    (each.number,),
                    f"{name} is a `{each.type}`",
                    advice.format(name=name),
                    (table.name, each.name),
                )

    return added_to_tables(observed, defects)


def shown(each: Table | Type) -> str:
    """Return the name of a table or type as messages have it."""
    return each.name.removeprefix("public.")


def listed(table: Table, numbers: Iterable[int]) -> str:
    """Return the names of columns, as SQL lists them."""
    return ", ".join(table.column(number).name for number in numbers)


def to_finding(step: Step, defect: Defect) -> Finding:
    """Return the finding of a defect that a step added."""
    line = _line_of(step, defect.names)
    return Finding.at(step.revision, (line, 1), defect.message, help=defect.help)


def _line_of(step: Step, names: tuple[str, ...]) -> int:
    """Return the line that created something, by its names or else by that of the whole."""
    statements = [each for each in step.statements if each.line and each.text]
    for wanted in (names, (names[0], names[-1]), names[:1], names[-1:]):
        patterns = [mention(each) for each in wanted]
        for statement in statements:
            if all(pattern.search(statement.text) for pattern in patterns):
                return statement.line
    return step.upgrade_line


def mention(name: str) -> re.Pattern[str]:
    """Return the pattern of a name in a statement; of the last part, if it has a schema.

    A name that is as long as names can be may be the beginning of what was written.
    """
    word = last_part(name)
    end = r"(?![\w$])" if len(word.encode()) <= LONGEST - 4 else ""
    return re.compile(rf"(?<![\w$]){re.escape(word)}{end}", re.IGNORECASE)


def last_part(name: str) -> str:
    """Return the last part of a name, as the catalog stores it."""
    return unquoted(split_name(name)[1])


def has_unseen_text(step: Step) -> bool:
    """Tell whether a step ran something whose whole text is not known."""
    from revgate.roundtrip.agent.statements import MAX_TEXT

    return not step.statements or any(len(each.text) >= MAX_TEXT for each in step.statements)
