"""A new column is a `varchar(n)`: a text with a limit that is part of its type.

A `varchar` without a limit is the same as `text`, and is not reported.

## Why it hurts
`text` is as fast. Lowering the limit rewrites the table. Raising it takes an exclusive lock, and
views that use the column have to be dropped first. A CHECK constraint can be replaced while the
table is in use.

## Example
    def upgrade() -> None:
        op.add_column("users", sa.Column("nickname", sa.String(20)))

## Instead
    def upgrade() -> None:
        op.add_column("users", sa.Column("nickname", sa.Text()))
        op.create_check_constraint(
            "ck_users_nickname", "users", "length(nickname) <= 20", postgresql_not_valid=True
        )
        # then, in the next revision: ALTER TABLE users VALIDATE CONSTRAINT ck_users_nickname
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import SCHEMA, WARNING, Finding, rule
from revgate.rules._schema import added_columns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from revgate.roundtrip.observed import RoundTrip


@rule(severity=WARNING, group=SCHEMA, enabled=False)
def varchar_column(observed: RoundTrip) -> Iterable[Finding]:
    """Report columns of the type `varchar` with a limit."""
    return added_columns(
        observed,
        lambda column: column.base == "varchar" and column.modifier >= 0,
        "make {name} a `text`: `sa.Text()`, with a CHECK constraint on its length if that matters",
    )
