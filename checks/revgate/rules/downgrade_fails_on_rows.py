"""A downgrade works on empty tables and fails on tables that have rows.

After each upgrade, its tables get a few rows that only the new schema allows: nulls where a column
became nullable, equal rows where a unique constraint went, longer texts where a type was widened,
new labels of an enum. Then the downgrade runs on them, and is rolled back. A downgrade that raises
on purpose when it meets rows is not reported, nor one that fails on empty tables already, which is
`downgrade-fails`.

## Why it hurts
A downgrade is run in an emergency, when the new version has already written rows. One that was only
tried on an empty database stops there.

## Example
    def downgrade() -> None:
        op.add_column("users", sa.Column("fax", sa.String(20), nullable=False))

## Instead
    def downgrade() -> None:
        op.add_column("users", sa.Column("fax", sa.String(20), nullable=False, server_default=""))
        op.alter_column("users", "fax", server_default=None)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import ERROR, LIVE, Finding, rule
from revgate.rules._live import failure_on_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import RoundTrip

_WAYS = {
    "23502": "give rows a value first: add the column with a `server_default`, or `UPDATE` rows"
    " without a value before setting it `NOT NULL`",
    "23505": "remove duplicates before creating the unique constraint or index",
    "23P01": "remove conflicts before creating the exclusion constraint",
    "23514": "make rows satisfy the check constraint before creating it",
    "23503": "make rows satisfy the foreign key before creating it",
    "22001": "shorten longer texts before narrowing the column",
    "22003": "change numbers that are too large before narrowing the column",
    "22P02": "change values that the earlier type does not have before altering the column",
}
_ELSE = "make it work on any rows that the schema after this revision allows"


@rule(severity=ERROR, group=LIVE)
def downgrade_fails_on_rows(observed: RoundTrip) -> Iterator[Finding]:
    """Report downgrades that raise only if tables have rows."""
    from revgate.roundtrip.observed import ROWS_DOWNGRADE

    for failure in observed.failures:
        if failure.during == ROWS_DOWNGRADE:
            way = _WAYS.get(failure.sqlstate, _ELSE)
            yield failure_on_rows(failure, "downgrade", way, "no such rows can exist")
