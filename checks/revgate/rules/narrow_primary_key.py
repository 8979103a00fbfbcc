"""A new primary key is an `integer` or a `smallint`, which runs out of numbers.

Reports a key of one column, and in a key of several the one that a sequence fills. A column that is
also a foreign key has the type of what it refers to, so it is not reported.

## Why it hurts
After 2,147,483,647 rows, also counting deleted and rolled-back ones, every insert fails. Making the
column a `bigint` then rewrites the table and all that refer to it.

## Example
    def upgrade() -> None:
        op.create_table("visits", sa.Column("id", sa.Integer(), primary_key=True))

## Instead
    def upgrade() -> None:
        op.create_table("visits", sa.Column("id", sa.BigInteger(), primary_key=True))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import SCHEMA, WARNING, Finding, rule
from revgate.rules._schema import Defect, added_to_tables, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from revgate.postgres.objects import Column, Table
    from revgate.roundtrip.observed import RoundTrip

_LARGEST = {"int2": "32,767", "int4": "2,147,483,647"}


@rule(severity=WARNING, group=SCHEMA, enabled=False)
def narrow_primary_key(observed: RoundTrip) -> Iterable[Finding]:
    """Report keys that are narrower than a `bigint`."""
    return added_to_tables(observed, _defects)


def _defects(table: Table) -> Iterator[Defect]:
    for column in _narrow(table):
        name = f"`{shown(table)}.{column.name}`"
        yield Defect(
            (column.number, column.base),
            f"{name} is a primary key of type `{column.type}`, which ends at"
            f" {_LARGEST[column.base]}",
            f"make {name} a `bigint`: `sa.BigInteger()`, or `bigserial` instead of `serial`",
            (table.name, column.name),
        )


def _narrow(table: Table) -> Iterator[Column]:
    primary = next((each.columns for each in table.constraints if each.kind == "p"), ())
    referring = {each for key in table.constraints if key.kind == "f" for each in key.columns}
    for number in {*primary} - referring:
        column = table.column(number)
        is_own = not column.inherited and (len(primary) == 1 or column.counts)
        if is_own and column.type in ("integer", "smallint"):
            yield column
