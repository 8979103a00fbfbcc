"""An upgrade writes a table anew, row by row, while nobody can read it.

PostgreSQL keeps the table under its strongest lock until every row is copied and every index built
again. Told are tables that stood before the revision; whether they are large, only production
knows.

## Why it hurts
On an empty table it takes a millisecond, on that of production minutes or hours, and each request
that touches the table waits until then.

## Example
    def upgrade() -> None:
        op.alter_column("users", "id", type_=sa.BigInteger())

## Instead
    def upgrade() -> None:
        op.add_column("users", sa.Column("big_id", sa.BigInteger(), nullable=True))
        # then, in revisions and releases of their own: write both, fill in steps, switch over
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
    """Report statements that gave an existing table another file."""
    for step in observed.pending_steps():
        for statement in step.statements:
            for table in statement.rewrites:
                name = table.removeprefix("public.")
                yield Finding.at(
                    step.revision,
                    (statement.line or step.upgrade_line, 1),
                    f"`upgrade()` of `{step.revision.id}` writes all rows of `{name}` anew, and"
                    " nobody can read or write the table until that is done",
                    help=_help(name, statement),
                )


def _help(table: str, statement: Statement) -> str:
    if found := _TYPE.search(statement.sql):
        column = found[1]
        return (
            f"add a second column beside `{column}` of `{table}`, write to both, fill it in steps"
            " outside of this transaction, and switch over in a later revision"
        )
    if found := _ADDED.search(statement.sql):
        column = found[1]
        return (
            f"add `{column}` to `{table}` without the default that differs from row to row, set the"
            f" default in a statement of its own, and fill `{column}` in steps outside of this"
            " transaction"
        )
    return avoid(table, statement)
