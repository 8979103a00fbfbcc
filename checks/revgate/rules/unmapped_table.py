"""The database has a table that no model knows.

Asked of env.py's `target_metadata`; partitions and tables of extensions are not told, nor what
`include_object` or `include_name` leaves out.

## Why it hurts
Nobody writes to it any more, or somebody does by hand; and the next `--autogenerate` drops it.

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
    """Report tables that the database has and no model knows."""
    if observed.models:
        for difference in observed.models.unmapped:
            yield drift_finding(difference)
