"""A new index has more than three columns.

A unique index is not reported, since its columns say what is unique, nor are columns that are only
included. Counted are the columns of a B-tree.

## Why it hurts
Few queries can use the fourth column, since the ones before it have to be compared first. Every
write pays for it, and the index takes more memory.

## Example
    def upgrade() -> None:
        op.create_index("ix_orders_search", "orders", ["user_id", "status", "day", "total"])

## Instead
    def upgrade() -> None:
        with op.get_context().autocommit_block():
            op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_orders_search")
            op.create_index(
                "ix_orders_search", "orders", ["user_id", "status"], postgresql_concurrently=True
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
def wide_index(observed: RoundTrip) -> Iterable[Finding]:
    """Report indexes of many columns."""
    return added_to_tables(observed, _defects)


def _defects(table: Table) -> Iterator[Defect]:
    for index in table.indexes:
        if len(index.keys) > _MOST and index.method == "btree" and not index.unique:
            yield Defect(
                (index.oid,),
                f"the index `{index.name}` of `{shown(table)}` has {len(index.keys)} columns",
                f"leave in `{index.name}` the columns that queries compare with `=`, and at most"
                " one more",
                (table.name, index.name),
            )


_MOST = 3
