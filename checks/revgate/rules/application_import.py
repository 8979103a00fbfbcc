"""A revision imports application code.

## Why it hurts
A revision must do in two years exactly what it does today, but the application moves on: a model
loses the column that an old revision fills, or a module is renamed, and it is no longer possible to
build a database from scratch.

Code under the script location is exempt, because it is maintained together with the revisions.

## Example
    from shop.models import Customer

    def upgrade() -> None:
        session.query(Customer).update({"plan": "free"})

## Instead
    customers = sa.table("customers", sa.column("plan"))

    def upgrade() -> None:
        op.execute(customers.update().values(plan="free"))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import CONTENT, WARNING, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.history import History


@rule(severity=WARNING, group=CONTENT)
def application_import(history: History) -> Iterator[Finding]:
    """Yield each import of a module that is in the repository."""
    for revision in history.revisions:
        for imported in revision.imports:
            if history.is_own(imported.module):
                yield Finding.at(
                    revision,
                    imported.position,
                    f"`{revision.id}` imports `{imported.module}`, which is application code",
                    help="copy what the revision needs into it: a table as `sa.table(...)`, a"
                    " value as a literal",
                )
