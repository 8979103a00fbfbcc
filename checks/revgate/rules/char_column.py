"""A new column is a `char(n)`, which pads its values with spaces.

## Why it hurts
It saves no space, and it does not reject shorter values: it fills them up with spaces. Those come
back when a value is read; comparisons ignore them, `LIKE` and regular expressions do not.

## Example
    def upgrade() -> None:
        op.add_column("users", sa.Column("country", sa.CHAR(2)))

## Instead
    def upgrade() -> None:
        op.add_column("users", sa.Column("country", sa.Text()))
        op.create_check_constraint(
            "ck_users_country", "users", "length(country) = 2", postgresql_not_valid=True
        )
        # then, in the next revision: ALTER TABLE users VALIDATE CONSTRAINT ck_users_country
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import SCHEMA, WARNING, Finding, rule
from revgate.rules._schema import added_columns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from revgate.roundtrip.observed import RoundTrip


@rule(severity=WARNING, group=SCHEMA, enabled=False)
def char_column(observed: RoundTrip) -> Iterable[Finding]:
    """Report columns of the type `char`."""
    return added_columns(
        observed,
        lambda column: column.base == "bpchar",
        "make {name} a `text`: `sa.Text()`, with a CHECK constraint on its length if that matters",
    )
