"""A new index repeats a column or another index, or makes another one superfluous.

Reports an index that has a column twice, one that is the same as another, and one whose columns
another one begins with. A unique index is only superfluous next to an equal one, since it does more
than find rows. Judges the schema after the last revision.

## Why it hurts
Every write has to maintain the second index as well, and it takes disk space and memory, but makes
no query faster.

## Example
    def upgrade() -> None:
        op.create_index("ix_orders_user_id", "orders", ["user_id"])
        op.create_index("ix_orders_user_id_day", "orders", ["user_id", "day"])

## Instead
    def upgrade() -> None:
        with op.get_context().autocommit_block():
            op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_orders_user_id_day")
            op.create_index(
                "ix_orders_user_id_day", "orders", ["user_id", "day"], postgresql_concurrently=True
            )
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import SCHEMA, WARNING, Finding, rule
from revgate.rules._schema import Defect, added_to_tables, listed, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from revgate.postgres.objects import Index, Table
    from revgate.roundtrip.observed import RoundTrip


@rule(severity=WARNING, group=SCHEMA, enabled=False)
def duplicate_index(observed: RoundTrip) -> Iterable[Finding]:
    """Report indexes that repeat a column or another index."""
    return added_to_tables(observed, _defects)


def _defects(table: Table) -> Iterator[Defect]:
    for index in table.indexes:
        if repeated := _repeated(index):
            yield Defect(
                (index.oid,),
                f"the index `{index.name}` of `{shown(table)}` has"
                f" `{listed(table, repeated)}` twice",
                f"list each column of `{index.name}` once",
                (table.name, index.name),
            )
    for spare in table.indexes:
        other = next((each for each in table.indexes if _is_spare(spare, each)), None)
        if other:
            newer = max(spare, other, key=lambda each: each.oid)
            how = "has the columns of" if spare.keys == other.keys else "is the beginning of"
            yield Defect(
                (spare.oid, "spare"),
                f"the index `{spare.name}` of `{shown(table)}` {how} `{other.name}`",
                f"drop `{spare.name}`: `{other.name}` finds the same rows",
                (table.name, newer.name),
            )


def _repeated(index: Index) -> list[int]:
    """Return the columns that an index has twice, with the same operators if both are keys."""
    twice = {
        column
        for key, column in zip(index.keys, index.columns, strict=True)
        if column and index.keys.count(key) > 1
    }
    return sorted(twice | ({*index.columns} & {*index.included}))


def _is_spare(index: Index, other: Index) -> bool:
    """Tell whether another index does all that this one does; of two equal ones, the newer."""
    if index is other or not _does(other, index):
        return False
    return index.oid > other.oid or not _does(index, other)


def _does(other: Index, index: Index) -> bool:
    """Tell whether another index does all that this one does."""
    if index.special or not other.valid:
        return False
    if (index.method, index.condition) != (other.method, other.condition):
        return False
    if not {*index.included} <= {*other.columns, *other.included}:
        return False
    if index.unique and (index.unique, index.traits) != (other.unique, other.traits):
        return False
    if index.unique or index.method != "btree":
        return index.keys == other.keys
    return index.keys == other.keys[: len(index.keys)]
