"""An upgrade works on empty tables and fails on tables that have rows.

Before each revision, every table gets a few rows that satisfy the schema at that point: two that
are equal wherever they are allowed to be, and one with nulls wherever they are allowed. If your
rows can never look like that, say why in an `allow`.

For a table that could not be filled, an upgrade is reported as a warning if it adds a `NOT NULL`
column without a default, sets a column `NOT NULL` or makes columns unique, and changes no rows of
that table.

## Why it hurts
Every test starts with an empty database; production does not. The deployment stops, and whatever
the statements before the failing one locked was blocked for nothing.

## Example
    def upgrade() -> None:
        op.add_column("users", sa.Column("plan", sa.String(20), nullable=False))

## Instead
    def upgrade() -> None:
        op.add_column("users", sa.Column("plan", sa.String(20)))
        op.execute("UPDATE users SET plan = 'free'")
        op.alter_column("users", "plan", nullable=False)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from revgate.rules import ERROR, LIVE, WARNING, Finding, rule
from revgate.rules._live import failure_on_rows
from revgate.rules._recipes import not_null_column, not_null_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import Doubt, Failure, RoundTrip, Step

_WAYS = {
    "23502": "give existing rows a value first: add the column as nullable or with a"
    " `server_default`, backfill it, then set it `NOT NULL`",
    "23505": "remove duplicates from existing rows before creating the unique constraint or index",
    "23P01": "remove conflicts between existing rows before creating the exclusion constraint",
    "23514": "make existing rows satisfy the check constraint before creating it",
    "23503": "make existing rows satisfy the foreign key before creating it",
    "55006": "check deferred constraints before altering the table:"
    ' `op.execute("SET CONSTRAINTS ALL IMMEDIATE")`',
}
_TABLE = re.compile(r"\s*ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?([^\s]+)", re.IGNORECASE)
_ELSE = "make it work on any rows that the schema before this revision allows"


@rule(severity=ERROR, group=LIVE)
def fails_on_rows(observed: RoundTrip) -> Iterator[Finding]:
    """Report upgrades that raise only if tables have rows."""
    from revgate.roundtrip.observed import ROWS

    for failure in observed.failures:
        if failure.during == ROWS:
            way = _WAYS.get(failure.sqlstate, _ELSE) + _in_steps(failure)
            yield failure_on_rows(failure, "upgrade", way, "production has no such rows")
    for step in observed.pending_steps():
        for doubt in step.rows.doubts if step.rows else ():
            yield _doubted(step, doubt)


def _in_steps(failure: Failure) -> str:
    """Return how to set NOT NULL without a long lock, once no row violates it."""
    column = not_null_column(failure.statement) if failure.sqlstate == "23502" else None
    table = _TABLE.match(failure.statement)
    if column is None or table is None:
        return ""
    return f"; on a large table, {not_null_steps(column, table[1])}"


def _doubted(step: Step, doubt: Doubt) -> Finding:
    way = "23505" if doubt.what.startswith("makes") else "23502"
    return Finding.at(
        step.revision,
        (doubt.line or step.upgrade_line, 1),
        f"`upgrade()` of `{step.revision.id}` {doubt.what}, which may fail on rows; the table could"
        f" not be filled: {doubt.reason}",
        help=f"{_WAYS[way]}; or suppress this, with the reason why it works on production's rows",
    )._replace(severity=WARNING)
