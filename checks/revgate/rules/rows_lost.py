"""An upgrade takes rows away from a table that stood before it.

Told are tables that had rows when the revision began and have fewer when it ends, because they were
dropped, emptied, or some of their rows deleted. Rows that another table took in are not lost, and
what revisions themselves put into a table is theirs to take out.

## Why it hurts
A downgrade makes the table again, never its rows. What no backup has is gone.

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
    """Report tables that had rows and have fewer after an upgrade."""
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
        return f"drops `{name}` with its rows: all {lost.before} of a test are gone"
    return f"takes rows away from `{name}`: of {lost.before} in a test, {lost.after} are left"


def _help(lost: LostRows) -> str:
    name = lost.table.removeprefix("public.")
    return (
        f"copy the rows of `{name}` into another table first, or allow it with the reason why"
        " nobody needs them"
    )
