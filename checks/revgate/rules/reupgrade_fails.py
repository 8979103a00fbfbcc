"""An upgrade works the first time, and fails after its own downgrade.

## Why it hurts
After a rollback, the fixed release is deployed, and its upgrade stops at what the downgrade left
behind: `type "ticket_status" already exists`. The deployment is stuck.

## Example
    def downgrade() -> None:
        op.drop_table("tickets")  # the enum type of its column stays

## Instead
    def downgrade() -> None:
        op.drop_table("tickets")
        op.execute("DROP TYPE ticket_status")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import ERROR, LIVE, Finding, rule
from revgate.rules._live import failure_finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import RoundTrip


@rule(severity=ERROR, group=LIVE)
def reupgrade_fails(observed: RoundTrip) -> Iterator[Finding]:
    """Report upgrades that raise the second time."""
    from revgate.roundtrip.observed import AGAIN

    for failure in observed.failures:
        if failure.during == AGAIN:
            name = failure.step.revision.id
            yield failure_finding(failure, f"`upgrade()` of `{name}` fails after its `downgrade()`")
