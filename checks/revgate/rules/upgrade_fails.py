"""An upgrade that raises on an empty database never reaches production.

## Why it hurts
Whoever deploys next finds out: the deployment stops in the middle of the history, and every later
revision waits behind this one.

## Example
    def upgrade() -> None:
        op.create_index("ix_invoices_number", "invoice", ["number"])  # the table is `invoices`

## Instead
    def upgrade() -> None:
        op.create_index("ix_invoices_number", "invoices", ["number"])
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.roundtrip.observed import UPGRADE, RoundTrip
from revgate.rules import ERROR, LIVE, Finding, rule
from revgate.rules._live import failure_finding

if TYPE_CHECKING:
    from collections.abc import Iterator


@rule(severity=ERROR, group=LIVE)
def upgrade_fails(observed: RoundTrip) -> Iterator[Finding]:
    """Report upgrades that raise when they run one by one."""
    for failure in observed.failures:
        if failure.during == UPGRADE:
            yield failure_finding(failure, f"`upgrade()` of `{failure.step.revision.id}` fails")
