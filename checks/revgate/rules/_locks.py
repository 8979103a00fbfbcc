"""What a lock keeps others from, and which steps are still to run where there is traffic.

Knows PostgreSQL's table of conflicts (its documentation, "Table-Level Locks"); nothing of rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import Lock, RoundTrip, Statement, Step

_BLOCKS = {
    "ShareLock": "writes",
    "ShareRowExclusiveLock": "writes",
    "ExclusiveLock": "writes",
    "AccessExclusiveLock": "reads and writes",
}


def blocks(mode: str) -> str:
    """Return what a lock keeps from a table: `writes`, `reads and writes`, or nothing."""
    return _BLOCKS.get(mode, "")


def stronger(one: str, other: str) -> str:
    """Return the mode that blocks more."""
    order = ("", *_BLOCKS)
    return max(one, other, key=lambda mode: order.index(mode) if mode in order else 0)


def upcoming(observed: RoundTrip) -> Iterator[Step]:
    """Yield the steps that production has still to run, as far as the settings tell.

    What the baseline has, and what the base has that a branch is judged against, ran long ago.
    """
    names = [step.revision.id for step in observed.steps]
    baseline = observed.environment.scope.baseline
    first = names.index(baseline) + 1 if baseline in names else 0
    for step in observed.steps[first:]:
        if step.new:
            yield step


def strong_locks(statement: Statement) -> Iterator[Lock]:
    """Yield the locks that keep others from writing."""
    for lock in statement.locks:
        if blocks(lock.mode):
            yield lock


def held(statements: tuple[Statement, ...]) -> Iterator[tuple[Statement, dict[str, str]]]:
    """Yield each statement with the strongest lock on each table while it runs."""
    modes: dict[str, str] = {}
    for statement in statements:
        for lock in strong_locks(statement):
            modes[lock.table] = stronger(modes.get(lock.table, ""), lock.mode)
        yield statement, dict(modes)


def held_ms(statements: tuple[Statement, ...], table: str) -> float:
    """Return how long a table was kept from others, in milliseconds: from its first strong lock."""
    return max(
        (lock.held_ms for each in statements for lock in strong_locks(each) if lock.table == table),
        default=0.0,
    )


def do_without(table: str, statement: Statement) -> str:
    """Return the advice where no safer way is known."""
    return (
        f"do without `{statement.sql[:80]}` while `{table}` is in use, or allow it with its reason:"
        " how large the table is and when this runs"
    )
