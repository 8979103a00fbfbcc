"""The database has a table that no model maps.

Compares the database with env.py's `target_metadata`. Partitions, tables of extensions, and what
`include_object` or `include_name` excludes are not reported.

## Why it hurts
The table is unused, or used outside the application, and the next `--autogenerate` drops it.

## Example
    def upgrade() -> None:
        op.create_table("invoices_2019", sa.Column("id", sa.Integer(), primary_key=True))

## Instead
    def upgrade() -> None:
        op.drop_table("invoices_2019")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import LIVE, WARNING, Finding, rule
from revgate.rules._live import drift_finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import RoundTrip


@rule(severity=WARNING, group=LIVE)
def unmapped_table(observed: RoundTrip) -> Iterator[Finding]:
    """Report tables that no model maps."""
    if observed.models:
        for difference in observed.models.unmapped:
            yield drift_finding(difference)
