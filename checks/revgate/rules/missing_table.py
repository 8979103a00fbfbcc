"""The models have a table that no revision creates.

Compares all of env.py's `target_metadata`, except what its `include_object` excludes, with the
database that the revisions create.

## Why it hurts
The code reaches production without the table, and the first request that needs it fails.

## Example
    class Invoice(Base):
        __tablename__ = "invoices"

## Instead
    def upgrade() -> None:
        op.create_table("invoices", sa.Column("id", sa.Integer(), primary_key=True))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import ERROR, LIVE, Finding, rule
from revgate.rules._live import drift_finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import RoundTrip


@rule(severity=ERROR, group=LIVE)
def missing_table(observed: RoundTrip) -> Iterator[Finding]:
    """Report tables of the models that the database lacks."""
    if observed.models:
        for difference in observed.models.missing:
            yield drift_finding(difference)
