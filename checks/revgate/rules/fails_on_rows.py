"""An upgrade that works on empty tables fails on tables that have rows.

Before each revision, every table is given a few rows that satisfy what the schema asks of them at
that moment: two that are equal wherever they need not differ, and one that has null wherever it
may. Yours may never look like that; then say why in an `allow`.

## Why it hurts
Every test starts with an empty database, production does not. The deployment stops, and whatever
ran before the statement that fails has been locked for nothing.

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

from typing import TYPE_CHECKING

from revgate.roundtrip.observed import ROWS, Failure, RoundTrip
from revgate.rules import ERROR, LIVE, Finding, rule
from revgate.rules._live import failure_finding

if TYPE_CHECKING:
    from collections.abc import Iterator

_WAYS = {
    "23502": "give the rows that are there a value first: add the column as nullable or with a"
    " `server_default`, fill it, then set it `NOT NULL`",
    "23505": "make the rows that are there differ before the unique constraint or index is made",
    "23P01": "make the rows that are there exclude each other before the constraint is made",
    "23514": "bring the rows that are there to what the check asks before it is made",
    "23503": "bring the rows that are there to what the foreign key asks before it is made",
    "55006": "check deferred constraints before the table is altered:"
    ' `op.execute("SET CONSTRAINTS ALL IMMEDIATE")`',
}
_ELSE = "let it work on rows that satisfy the schema as it was before this revision"


@rule(severity=ERROR, group=LIVE)
def fails_on_rows(observed: RoundTrip) -> Iterator[Finding]:
    """Report upgrades that raise only where tables have rows."""
    for failure in observed.failures:
        if failure.during == ROWS:
            found = failure_finding(
                failure,
                f"`upgrade()` of `{failure.step.revision.id}` works on empty tables and fails on"
                " tables that have rows",
            )
            yield found._replace(help=f"{_way_out(failure)}\n{found.help}")


def _way_out(failure: Failure) -> str:
    way = _WAYS.get(failure.sqlstate, _ELSE)
    return f"{way}; or allow it, with the reason why no row in production is like that"
