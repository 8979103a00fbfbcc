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
from revgate.rules._recipes import instead

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import RoundTrip

_VACUUM = re.compile(r"\s*VACUUM\b", re.IGNORECASE)


@rule(severity=WARNING, group=LIVE)
def table_rewrite(observed: RoundTrip) -> Iterator[Finding]:
    """Report statements that rewrite an existing table."""
    for step in observed.pending_steps():
        for statement in step.statements:
            if _VACUUM.match(statement.sql):
                continue  # `blocking-lock` reports it
            for table in statement.rewrites:
                name = table.removeprefix("public.")
                yield Finding.at(
                    step.revision,
                    (statement.line or step.upgrade_line, 1),
                    f"`upgrade()` of `{step.revision.id}` rewrites `{name}`, which blocks reads"
                    " and writes until every row is copied",
                    help=instead(name, statement),
                    table=table,
                )
