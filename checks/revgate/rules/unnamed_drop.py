"""A constraint or an index is dropped without a name.

## Why it hurts
Alembic cannot write the statement: the step stops with "it has no name", or names an object that
does not exist. Autogenerate writes `None` where the database chose the name, so that the mistake is
noticed only when a rollback is needed.

A primary key is not reported, since a naming convention can name it by its table alone.

## Example
    def downgrade() -> None:
        op.drop_constraint(None, "invoices", type_="foreignkey")

## Instead
    def downgrade() -> None:
        op.drop_constraint("invoices_customer_id_fkey", "invoices", type_="foreignkey")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import DOWNGRADE, ERROR, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.revision import Script


@rule(severity=ERROR, group=DOWNGRADE)
def unnamed_drop(script: Script) -> Iterator[Finding]:
    """Yield each drop without a name."""
    for drop in script.unnamed_drops:
        what = "a constraint" if drop.operation == "drop_constraint" else "an index"
        yield Finding.at(
            script.revision,
            drop.position,
            f"`op.{drop.operation}` in `{script.revision.id}` drops {what} without a name",
            help="write the name that the database has; where no name is given, PostgreSQL uses"
            " `<table>_<column>_fkey`, `_key`, `_check`, `_idx` or `<table>_pkey`",
        )
