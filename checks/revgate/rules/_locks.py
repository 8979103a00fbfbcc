"""Shared by the rules on locks: what each lock mode blocks, and for how long.

Based on the conflict table in PostgreSQL's documentation, "Explicit Locking: Table-Level Locks".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from revgate.roundtrip.observed import Lock, RoundTrip, Statement, Step

_BLOCKS = {
    "ShareLock": "writes",
    "ShareRowExclusiveLock": "writes",
    "ExclusiveLock": "writes",
    "AccessExclusiveLock": "reads and writes",
}


def blocks(mode: str) -> str:
    """Return what a lock mode blocks: `writes`, `reads and writes`, or an empty string."""
    return _BLOCKS.get(mode, "")


def stronger(one: str, other: str) -> str:
    """Return the mode that blocks more."""
    order = ("", *_BLOCKS)
    return max(one, other, key=lambda mode: order.index(mode) if mode in order else 0)


def strong_locks(statement: Statement) -> Iterator[Lock]:
    """Yield the locks that block writes."""
    for lock in statement.locks:
        if blocks(lock.mode):
            yield lock


def held(statements: tuple[Statement, ...]) -> Iterator[tuple[Statement, dict[str, str]]]:
    """Yield each statement with the strongest lock held on each table while it runs."""
    modes: dict[str, str] = {}
    transaction = 0
    for statement in statements:
        if statement.transaction != transaction:
            modes, transaction = {}, statement.transaction
        for lock in strong_locks(statement):
            modes[lock.table] = stronger(modes.get(lock.table, ""), lock.mode)
        yield statement, dict(modes)


def held_ms(statements: tuple[Statement, ...], table: str) -> float:
    """Return for how many milliseconds a table was blocked, counted from its first strong lock."""
    return max(
        (lock.held_ms for each in statements for lock in strong_locks(each) if lock.table == table),
        default=0.0,
    )


def without_timeout(
    observed: RoundTrip, setting: str, value: str, verb: str, is_without: Callable[[Lock], bool]
) -> Iterator[Finding]:
    """Yield the first lock of each pending revision that blocks writes and has no timeout.

    Args:
        observed: The round trip.
        setting: The setting of PostgreSQL that would limit it.
        value: What to set it to.
        verb: What the upgrade does with the lock.
        is_without: Tells whether a lock was taken with no such limit.
    """
    env = f"{observed.environment.script_location}/env.py"
    for step in observed.pending_steps():
        found = _first_strong_lock(step, is_without)
        if found is None:
            continue
        statement, lock = found
        name = lock.table.removeprefix("public.")
        yield Finding.at(
            step.revision,
            (statement.line or step.upgrade_line, 1),
            f"`upgrade()` of `{step.revision.id}` {verb} `{lock.mode}` on `{name}` with no"
            f" `{setting}`, which blocks {blocks(lock.mode)}",
            help=f"write {_limit(statement, setting, value)}; or, for all revisions, where {env}"
            f' creates its engine: `connect_args={{"options": "-c {setting}={value}"}}`',
        )


def _limit(statement: Statement, setting: str, value: str) -> str:
    """Return what to write so that a statement has a timeout; `SET LOCAL` needs a transaction."""
    if statement.alone:
        return (
            f"`op.execute(\"SET {setting} = '{value}'\")` before it and"
            f' `op.execute("RESET {setting}")` after it, in the same block'
        )
    return f"`op.execute(\"SET LOCAL {setting} = '{value}'\")` before it"


def _first_strong_lock(step: Step, wanted: Callable[[Lock], bool]) -> tuple[Statement, Lock] | None:
    """Return the first lock of a step that blocks writes and is wanted, with its statement."""
    for statement in step.statements:
        for lock in strong_locks(statement):
            if wanted(lock):
                return statement, lock
    return None


def avoid(table: str, statement: Statement) -> str:
    """Return the advice for a statement that has no known safer form."""
    return (
        f"avoid `{statement.sql[:80]}` while `{table}` is in use, or suppress this with a reason:"
        " how large the table is and when this runs"
    )
