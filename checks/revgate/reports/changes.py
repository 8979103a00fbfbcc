"""Describes what a revision does to the schema, and by which statements, for a reviewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.text import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.result import Result
    from revgate.roundtrip.observed import Statement, Step

MOST_REVISIONS = 20
"""More new revisions than that are a history, not a change to review."""
_VERBS = {"left": "adds", "gone": "removes"}


def to_review(result: Result) -> Sequence[Step]:
    """Return the new revisions that ran, in upgrade order; none if there are very many."""
    found = [
        step
        for trip in result.roundtrips
        for step in trip.steps
        if step.new and step.upgrade_ms is not None
    ]
    return found if len(found) <= MOST_REVISIONS else ()


def schema_lines(step: Step) -> Iterator[str]:
    """Yield a line for each object that the upgrade adds, removes or changes."""
    from revgate.postgres.snapshot.describe import alteration, label

    for change in step.changes:
        if change.how in _VERBS:
            yield f"{_VERBS[change.how]} the {label(change)}"
        else:
            yield f"changes the {alteration(change)}"


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
