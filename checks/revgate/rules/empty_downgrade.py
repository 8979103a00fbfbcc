"""A downgrade that does nothing leaves the database where the upgrade put it.

## Why it hurts
`alembic downgrade` reports success and moves the version back, while tables and columns stay. The
next upgrade stops at "relation already exists", and the rollback has changed nothing.

An upgrade that does nothing itself needs no downgrade and is no finding. What counts as nothing:
`pass`, `...`, a docstring, a bare `return`, a line in the log.

## Example
    def downgrade() -> None:
        pass

## Instead
    def downgrade() -> None:
        op.drop_table("invoices")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import DOWNGRADE, ERROR, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.revision import Script


@rule(severity=ERROR, group=DOWNGRADE)
def empty_downgrade(script: Script) -> Iterator[Finding]:
    """Yield a downgrade that does nothing, of an upgrade that does something."""
    if script.downgrade.is_empty and script.upgrade.does_something:
        yield Finding.at(
            script.revision,
            script.downgrade.position,
            f"`downgrade()` of `{script.revision.id}` does nothing",
            help="take back what `upgrade()` does, last step first; where that cannot be done,"
            " raise an error that says why, and allow it with its reason:"
            " `# revgate: allow[raising-downgrade] ...`",
        )
