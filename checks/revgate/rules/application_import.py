"""A revision imports code of the project that it belongs to.

## Why it hurts
A revision must do in two years what it does today, and the application will have moved on by
then: a model loses the column that an old revision fills, a module is renamed, and a database can
no longer be built from the beginning.

Code that lies beside the revisions, below the script location, is not counted: it is kept for
them.

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
    """Yield each import of a module that lies in the repository."""
    for revision in history.revisions:
        for imported in revision.imports:
            if history.is_own(imported.module):
                yield Finding.at(
                    revision,
                    imported.position,
                    f"`{revision.id}` imports `{imported.module}`, which is code of the project",
                    help="write down in the revision what it needs: a table as `sa.table(...)`, a"
                    " value as a literal",
                )
