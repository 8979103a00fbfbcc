"""An upgrade rewrites an existing table, which blocks all reads and writes.

PostgreSQL holds its strongest lock on the table until every row is copied and every index rebuilt.
All existing tables are reported, unless `table-sizes` in the settings says which are small.

## Why it hurts
On an empty table this takes a millisecond; in production it takes minutes or hours, and every
request that uses the table waits until it is done.

## Example
    def upgrade() -> None:
        op.alter_column("users", "id", type_=sa.BigInteger())

## Instead
    def upgrade() -> None:
        op.add_column("users", sa.Column("big_id", sa.BigInteger(), nullable=True))
        # then, in separate releases: write to both, backfill in batches, switch over
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from revgate.rules import LIVE, WARNING, Finding, rule
from revgate.rules._locks import avoid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import RoundTrip, Statement

_TYPE = re.compile(r'ALTER(?:\s+COLUMN)?\s+("[^"]+"|\w+)\s+(?:SET\s+DATA\s+)?TYPE\s', re.IGNORECASE)
_ADDED = re.compile(r'ADD(?:\s+COLUMN)?(?:\s+IF NOT EXISTS)?\s+("[^"]+"|\w+)\s', re.IGNORECASE)


@rule(severity=WARNING, group=LIVE)
def table_rewrite(observed: RoundTrip) -> Iterator[Finding]:
    """Report statements that rewrite an existing table."""
    for step in observed.pending_steps():
        for statement in step.statements:
            for table in statement.rewrites:
                name = table.removeprefix("public.")
                yield Finding.at(
                    step.revision,
                    (statement.line or step.upgrade_line, 1),
                    f"`upgrade()` of `{step.revision.id}` rewrites `{name}`, which blocks reads"
                    " and writes until every row is copied",
                    help=_help(name, statement),
                    table=table,
                )


def _help(table: str, statement: Statement) -> str:
    if found := _TYPE.search(statement.sql):
        column = found[1]
        return (
            f"add a second column next to `{column}` of `{table}`, write to both, backfill it in"
            " batches outside this transaction, and switch over in a later revision"
        )
    if found := _ADDED.search(statement.sql):
        column = found[1]
        return (
            f"add `{column}` to `{table}` without the volatile default, set the default in a"
            f" separate statement, and backfill `{column}` in batches outside this transaction"
        )
    return avoid(table, statement)
