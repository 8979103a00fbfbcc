"""An upgrade updates or deletes every row of an existing table in one statement.

Judged on test rows: the statement changes as many rows as the table has. Statements that run in
batches, with a `LIMIT` or a range or in a loop, are not reported.

## Why it hurts
Each changed row stays locked until the transaction ends, and every request that writes to one of
them waits. The table doubles in size, and replicas fall behind.

## Example
    def upgrade() -> None:
        op.execute("UPDATE users SET plan = 'free'")

## Instead
    def upgrade() -> None:
        batch = "SELECT id FROM users WHERE plan IS NULL LIMIT 1000"
        with op.get_context().autocommit_block():
            while op.get_bind().exec_driver_sql(
                f"UPDATE users SET plan = 'free' WHERE id IN ({batch})"
            ).rowcount:
                pass
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import LIVE, WARNING, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import RoundTrip


@rule(severity=WARNING, group=LIVE)
def unbounded_change(observed: RoundTrip) -> Iterator[Finding]:
    """Report statements that change all rows of an existing table at once."""
    for step in observed.pending_steps():
        for change in step.rows.unbounded if step.rows else ():
            name = change.table.removeprefix("public.")
            yield Finding.at(
                step.revision,
                (change.line or step.upgrade_line, 1),
                f"`upgrade()` of `{step.revision.id}` {change.verb} every row of `{name}` in one"
                f" statement ({change.rows} of {change.rows} test rows)",
                help=f"change the rows of `{name}` in batches, each in a transaction of its own,"
                " such as with `LIMIT` within `with op.get_context().autocommit_block():`; or"
                " suppress this, with the reason why the table is small",
                table=change.table,
            )
