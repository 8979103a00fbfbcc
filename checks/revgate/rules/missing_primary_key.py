"""A new table has no primary key.

Judges the schema after the last revision: a later revision of the same change may add the key.

## Why it hurts
Nothing keeps two equal rows apart, logical replication cannot update or delete rows, and an ORM
cannot map the table.

## Example
    def upgrade() -> None:
        op.create_table("visits", sa.Column("page", sa.Text(), nullable=False))

## Instead
    def upgrade() -> None:
        op.create_table(
            "visits",
            sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
            sa.Column("page", sa.Text(), nullable=False),
        )
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import SCHEMA, WARNING, Finding, rule
from revgate.rules._schema import Defect, added_to_tables, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from revgate.postgres.objects import Table
    from revgate.roundtrip.observed import RoundTrip


@rule(severity=WARNING, group=SCHEMA, enabled=False)
def missing_primary_key(observed: RoundTrip) -> Iterable[Finding]:
    """Report tables without a primary key."""
    return added_to_tables(observed, _defects)


def _defects(table: Table) -> Iterator[Defect]:
    if not any(each.kind == "p" for each in table.constraints):
        name = shown(table)
        yield Defect(
            (),
            f"`{name}` has no primary key",
            f'give `{name}` one: `sa.Column("id", sa.BigInteger(), sa.Identity(),'
            " primary_key=True)`, or `sa.PrimaryKeyConstraint(...)` over the columns that tell its"
            " rows apart",
            (table.name,),
        )
