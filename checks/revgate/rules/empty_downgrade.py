"""A downgrade does nothing, so everything that the upgrade created stays.

## Why it hurts
`alembic downgrade` reports success and moves the version back, while tables and columns stay. The
rollback has changed nothing, and the next upgrade stops with "relation already exists".

An upgrade that does nothing, or only asks the database (`SELECT 1`, `ANALYZE`, an inspector), needs
no downgrade and is not reported. These count as nothing: `pass`,
`...`, a docstring, a bare `return`, logging, an exception that is not raised, an operation that is
not called, `sys.exit()`, and branches that contain nothing else.

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
    """Yield a downgrade that does nothing when the upgrade does something."""
    if script.downgrade.is_empty and script.upgrade.does_something:
        yield Finding.at(
            script.revision,
            script.downgrade.position,
            f"`{script.downgrade.name}()` of `{script.revision.id}` does nothing",
            help="undo what `upgrade()` does, last step first; if that is impossible, raise an"
            " error that says why, and suppress that with a reason:"
            " `# revgate: allow[raising-downgrade] ...`",
        )
