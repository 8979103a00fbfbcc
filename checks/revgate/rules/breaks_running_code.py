"""An upgrade breaks code that still runs and was written for the schema before it.

While an upgrade runs, and until the new release has replaced the old one everywhere, code of the
old release reads and writes the new schema. What such code does is done on test rows, before the
upgrade and after it: each table and view is selected from with the columns that it had, rows that
were accepted are inserted again, updated and deleted, and values that only the new schema might
refuse are written. Reported is what worked before and fails now. A view that keeps an old name
alive, or a default that fills a new column, makes it work, so nothing is reported.

With `--against REF`, the models of REF say what the code names. What they do not map can go. What
they map makes the finding an error, if all code that names it fails. Without models, it is a
warning.

A column that loses `NOT NULL` is a warning as well: code that reads it never had to expect NULL. It
is none where the models of REF have the column as nullable. Not tested: a label added to an enum,
which old code may read, and `ON CONFLICT` on a unique key that is gone.

## Why it hurts
The upgrade succeeds, and every request that the old release serves fails until it is replaced. If
the new release has to be rolled back, it does not end there.

## Example
    def upgrade() -> None:
        op.drop_column("users", "nickname")

## Instead
    # 1. Deploy code whose models no longer have the column.
    # 2. Then, in a later release:
    def upgrade() -> None:
        op.drop_column("users", "nickname")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.findings import Related
from revgate.rules import ERROR, LIVE, WARNING, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import RoundTrip


@rule(severity=WARNING, group=LIVE, proved=ERROR)
def breaks_running_code(observed: RoundTrip) -> Iterator[Finding]:
    """Report what worked on the schema before an upgrade and fails on the one after it."""
    from revgate.rules._running import by_statement, help_for, what_breaks

    for step in observed.pending_steps():
        for each, *more in by_statement(step.breaks):
            place = (each.line or step.upgrade_line, 1)
            found = Finding.at(
                step.revision,
                place,
                f"`upgrade()` of `{step.revision.id}` {what_breaks(each)}",
                help=help_for(each),
            )
            related = (Related(found.path, place[0], what_breaks(other)) for other in more)
            found = found._replace(related=tuple(related))
            yield found if each.mapped else found._replace(severity=WARNING)
