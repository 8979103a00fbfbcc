"""A revision puts a CHECK constraint on a domain.

## Why it hurts
To change the constraint, PostgreSQL locks and reads all tables that have a column of the domain.
It refuses if a column is an array or a composite of the domain.

## Example
    def upgrade() -> None:
        op.execute("CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%')")

## Instead
    def upgrade() -> None:
        op.add_column("users", sa.Column("email", sa.Text()))
        op.create_check_constraint(
            "ck_users_email", "users", "email LIKE '%@%'", postgresql_not_valid=True
        )
        # then, in the next revision: ALTER TABLE users VALIDATE CONSTRAINT ck_users_email
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
def domain_check(observed: RoundTrip) -> Iterable[Finding]:
    """Report CHECK constraints of domains."""
    return added_to_types(observed, _defects)


def _defects(type_: Type) -> Iterator[Defect]:
    if type_.kind == "d":
        for oid, name in type_.checks:
            yield Defect(
                (oid,),
                f"the domain `{shown(type_)}` has the CHECK constraint `{name}`",
                f"check the columns instead: a constraint on each table that uses `{shown(type_)}`",
                (type_.name, name),
            )
