"""A new foreign key has no index on its columns.

Any index will do whose first columns are those of the key, in any order, also that of a unique
constraint or of the primary key. Judges the schema after the last revision: a later revision of the
same change may add the index.

## Why it hurts
PostgreSQL indexes the referenced columns, not the referring ones. For each row that is deleted from
the other table, or whose key changes, it reads the whole of this table.

## Example
    def upgrade() -> None:
        op.create_table(
            "orders",
            sa.Column("id", sa.BigInteger(), primary_key=True),
            sa.Column("user_id", sa.BigInteger(), sa.ForeignKey("users.id")),
        )

## Instead
    def upgrade() -> None:
        op.create_table(
            "orders",
            sa.Column("id", sa.BigInteger(), primary_key=True),
            sa.Column("user_id", sa.BigInteger(), sa.ForeignKey("users.id"), index=True),
        )
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.postgres.names import split_name, unquoted
from revgate.rules import SCHEMA, WARNING, Finding, rule
from revgate.rules._schema import Defect, added_to_tables, listed, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from revgate.postgres.objects import Constraint, Index, Table
    from revgate.roundtrip.observed import RoundTrip


@rule(severity=WARNING, group=SCHEMA, enabled=False)
def unindexed_foreign_key(observed: RoundTrip) -> Iterable[Finding]:
    """Report foreign keys whose columns no index begins with."""
    return added_to_tables(observed, _defects)


def _defects(table: Table) -> Iterator[Defect]:
    for key in table.constraints:
        if key.kind == "f" and not any(_serves(each, key, table) for each in table.indexes):
            columns = listed(table, key.columns)
            yield Defect(
                (key.oid,),
                f"the foreign key `{shown(table)} ({columns})` has no index",
                f"add `{_line(table, key)}`",
                (
                    table.name,
                    *(table.column(each).name for each in key.columns),
                    "REFERENCES",
                ),
            )


def _serves(index: Index, key: Constraint, table: Table) -> bool:
    first = index.columns[: len(key.columns)]
    if not index.valid or index.method not in ("btree", "hash") or set(first) != set(key.columns):
        return False
    not_null = {f"({table.column(each).name} IS NOT NULL)" for each in key.columns}
    return index.condition in ("", *not_null)


def _line(table: Table, key: Constraint) -> str:
    schema, name = map(unquoted, split_name(table.name))
    columns = [unquoted(table.column(each).name) for each in key.columns]
    index = f"ix_{name}_{'_'.join(columns)}"[:63]
    within = "" if schema == "public" else f', schema="{schema}"'
    listed_ = ", ".join(f'"{each}"' for each in columns)
    return f'op.create_index("{index}", "{name}", [{listed_}]{within})'
