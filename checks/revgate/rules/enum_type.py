"""A revision creates an enum type.

## Why it hurts
A label cannot be removed, and old code fails on one that was renamed. A new label cannot be used in
the transaction that adds it. A text column with a CHECK constraint, or a table of its own, can be
changed in steps.

## Example
    def upgrade() -> None:
        op.execute("CREATE TYPE mood AS ENUM ('low', 'high')")

## Instead
    def upgrade() -> None:
        op.add_column("users", sa.Column("mood", sa.Text()))
        op.create_check_constraint(
            "ck_users_mood", "users", "mood IN ('low', 'high')", postgresql_not_valid=True
        )
        # then, in the next revision: ALTER TABLE users VALIDATE CONSTRAINT ck_users_mood
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import SCHEMA, WARNING, Finding, rule
from revgate.rules._schema import Defect, added_to_types, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from revgate.postgres.objects import Type
    from revgate.roundtrip.observed import RoundTrip


@rule(severity=WARNING, group=SCHEMA, enabled=False)
def enum_type(observed: RoundTrip) -> Iterable[Finding]:
    """Report enum types."""
    return added_to_types(observed, _defects)


def _defects(type_: Type) -> Iterator[Defect]:
    if type_.kind == "e":
        yield Defect(
            (),
            f"`{shown(type_)}` is an enum type",
            "store it as text with a CHECK constraint, `sa.Enum(..., native_enum=False)`, or in a"
            " table that the column refers to",
            (type_.name,),
        )
