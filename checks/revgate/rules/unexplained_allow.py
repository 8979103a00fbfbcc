"""An inline `allow` gives no reason.

## Why it hurts
The next reader cannot tell whether the exception still applies, so it is never removed.

## Example
    # revgate: allow[raising-downgrade]
    raise NotImplementedError

## Instead
    # revgate: allow[raising-downgrade] the column held derived data
    raise NotImplementedError
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import ERROR, HOUSEKEEPING, Finding, Settled, rule

if TYPE_CHECKING:
    from collections.abc import Iterator


@rule(severity=ERROR, group=HOUSEKEEPING)
def unexplained_allow(settled: Settled) -> Iterator[Finding]:
    """Yield each allow without a reason."""
    for revision in settled.revisions:
        for allow in revision.allows:
            if not allow.reason:
                names = ", ".join(allow.rules)
                yield Finding.at(
                    revision,
                    allow.position,
                    f"`allow[{names}]` gives no reason",
                    help=f"append a reason: `# revgate: allow[{names}] because ...`",
                )
