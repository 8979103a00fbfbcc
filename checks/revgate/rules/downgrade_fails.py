"""A downgrade raises an error.

If `raising-downgrade` is suppressed with a reason, exceptions that do not come from PostgreSQL are
not reported.

## Why it hurts
A downgrade is run once, in an emergency, under time pressure. That is the worst moment to learn
that it drops a type that a column still uses, or that it was never written.

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

from revgate.rules import ERROR, LIVE, Finding, rule
from revgate.rules._live import failure_finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import Failure, RoundTrip


@rule(severity=ERROR, group=LIVE)
def downgrade_fails(observed: RoundTrip) -> Iterator[Finding]:
    """Report downgrades that raise."""
    from revgate.roundtrip.observed import DOWNGRADE

    for failure in observed.failures:
        if failure.during == DOWNGRADE and not _is_allowed_to_raise(failure):
            yield failure_finding(failure, f"`downgrade()` of `{failure.step.revision.id}` fails")


def _is_allowed_to_raise(failure: Failure) -> bool:
    allows = failure.step.revision.allows
    return not failure.sqlstate and any("raising-downgrade" in allow.rules for allow in allows)
