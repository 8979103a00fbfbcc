"""A new column is a `timestamp` without a time zone.

Reports arrays of it as well, and a column whose type becomes one.

## Why it hurts
The value does not say which moment it means: that depends on the time zone of the session that
wrote it. A session in another zone reads a different moment, and when clocks are set back, an hour
is ambiguous.

## Example
    def upgrade() -> None:
        op.add_column("orders", sa.Column("paid_at", sa.DateTime()))

## Instead
    def upgrade() -> None:
        op.add_column("orders", sa.Column("paid_at", sa.DateTime(timezone=True)))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import SCHEMA, WARNING, Finding, rule
from revgate.rules._schema import added_columns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from revgate.roundtrip.observed import RoundTrip


@rule(severity=WARNING, group=SCHEMA, enabled=False)
def timestamp_without_zone(observed: RoundTrip) -> Iterable[Finding]:
    """Report columns of the type `timestamp`."""
    return added_columns(
        observed,
        lambda column: column.base == "timestamp",
        "make {name} a `timestamptz`: `sa.DateTime(timezone=True)`",
    )
