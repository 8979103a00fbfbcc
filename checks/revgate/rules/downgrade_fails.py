"""A downgrade that raises cannot take a bad deployment back.

Where `raising-downgrade` is allowed with a reason, an exception that is not PostgreSQL's is what
was allowed, and no finding.

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

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.roundtrip.observed import DOWNGRADE, Failure, RoundTrip
from revgate.rules import ERROR, LIVE, Finding, rule
from revgate.rules._live import failure_finding

if TYPE_CHECKING:
    from collections.abc import Iterator


@rule(severity=ERROR, group=LIVE)
def downgrade_fails(observed: RoundTrip) -> Iterator[Finding]:
    """Report downgrades that raise."""
    for failure in observed.failures:
        if failure.during == DOWNGRADE and not _is_allowed_to_raise(failure):
            yield failure_finding(failure, f"`downgrade()` of `{failure.step.revision.id}` fails")


def _is_allowed_to_raise(failure: Failure) -> bool:
    allows = failure.step.revision.allows
    return not failure.sqlstate and any("raising-downgrade" in allow.rules for allow in allows)
