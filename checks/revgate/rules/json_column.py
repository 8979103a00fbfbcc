"""A new column is a `json`, which has no equality.

## Why it hurts
Queries with `DISTINCT`, `GROUP BY` or `UNION` fail on such a column, no index can be built on it,
and its text is parsed each time. All that it keeps and `jsonb` does not are spaces, the order of
keys, and repeated keys.

## Example
    def upgrade() -> None:
        op.add_column("users", sa.Column("preferences", sa.JSON()))

## Instead
    from sqlalchemy.dialects.postgresql import JSONB

    def upgrade() -> None:
        op.add_column("users", sa.Column("preferences", JSONB()))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import SCHEMA, WARNING, Finding, rule
from revgate.rules._schema import added_columns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from revgate.roundtrip.observed import RoundTrip


@rule(severity=WARNING, group=SCHEMA, enabled=False)
def json_column(observed: RoundTrip) -> Iterable[Finding]:
    """Report columns of the type `json`."""
    return added_columns(
        observed,
        lambda column: column.base == "json",
        "make {name} a `jsonb`: `postgresql.JSONB()` of `sqlalchemy.dialects`",
    )
