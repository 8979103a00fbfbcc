"""An upgrade or a downgrade deletes rows of a table that existed before the revision.

Reports tables that have fewer rows after it than before, because they were dropped or truncated, or
rows were deleted. Rows that were moved to another table are not lost. A revision may delete rows
that revisions inserted, and a downgrade may drop what its own upgrade created.

## Why it hurts
The other direction restores the table, but not its rows. Without a backup, they are gone.

## Example
    def upgrade() -> None:
        op.drop_table("addresses")

## Instead
    def upgrade() -> None:
        op.execute("INSERT INTO places (id, street) SELECT id, street FROM addresses")
        op.drop_table("addresses")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import LIVE, WARNING, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from revgate.roundtrip.observed import LostRows, RoundTrip, Step


@rule(severity=WARNING, group=LIVE)
def rows_lost(observed: RoundTrip) -> Iterator[Finding]:
    """Report tables that have fewer rows after an upgrade or a downgrade."""
    for step in observed.pending_steps():
        if step.rows:
            yield from _found(step, "upgrade", step.upgrade_line, step.rows.lost)
            yield from _found(step, "downgrade", step.downgrade_line, step.rows.lost_by_downgrade)


def _found(step: Step, function: str, line: int, losses: Iterable[LostRows]) -> Iterator[Finding]:
    for lost in losses:
        yield Finding.at(
            step.revision,
            (lost.line or line, 1),
            f"`{function}()` of `{step.revision.id}` {_what(lost)}",
            help=_help(lost),
        )


def _what(lost: LostRows) -> str:
    name = lost.table.removeprefix("public.")
    if lost.dropped:
        return f"drops `{name}` and its rows ({lost.before} of {lost.before} test rows lost)"
    return f"deletes rows of `{name}` ({lost.before - lost.after} of {lost.before} test rows lost)"


def _help(lost: LostRows) -> str:
    name = lost.table.removeprefix("public.")
    return (
        f"copy the rows of `{name}` to another table first, or suppress this with the reason why"
        " they are not needed"
    )
