"""An upgrade deletes rows of an existing table.

Reports tables that have fewer rows after the revision than before it, because they were dropped or
truncated, or rows were deleted. Rows that were moved to another table are not lost, and revisions
may delete rows that revisions inserted.

## Why it hurts
A downgrade restores the table, but not its rows. Without a backup, they are gone.

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
    from collections.abc import Iterator

    from revgate.roundtrip.observed import LostRows, RoundTrip


@rule(severity=WARNING, group=LIVE)
def rows_lost(observed: RoundTrip) -> Iterator[Finding]:
    """Report tables that have fewer rows after an upgrade."""
    for step in observed.pending_steps():
        for lost in step.rows.lost if step.rows else ():
            yield Finding.at(
                step.revision,
                (lost.line or step.upgrade_line, 1),
                f"`upgrade()` of `{step.revision.id}` {_what(lost)}",
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
