"""A downgrade that raises cannot take a bad deployment back.

## Why it hurts
A downgrade is run once, in an emergency, by somebody in a hurry. That is no time to learn that it
drops a type which a column still uses, or that it was never written.

## Example
    def downgrade() -> None:
        op.execute("DROP TYPE ticket_status")  # the column still has this type
        op.drop_column("tickets", "status")

## Instead
    def downgrade() -> None:
        op.drop_column("tickets", "status")
        op.execute("DROP TYPE ticket_status")
"""

from collections.abc import Iterator

from revgate.roundtrip.failures import finding
from revgate.roundtrip.observed import DOWNGRADE, RoundTrip
from revgate.rules import ERROR, LIVE, Finding, rule


@rule(severity=ERROR, group=LIVE)
def downgrade_fails(observed: RoundTrip) -> Iterator[Finding]:
    """Report downgrades that raise."""
    for failure in observed.failures:
        if failure.during == DOWNGRADE:
            yield finding(failure, f"`downgrade()` of `{failure.step.revision.id}` fails")
