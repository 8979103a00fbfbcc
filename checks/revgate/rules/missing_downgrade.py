"""A revision has no `downgrade()`.

## Why it hurts
`alembic downgrade` stops with an `AttributeError` in the middle of a rollback, the worst moment to
have to write it.

## Example
    def upgrade() -> None:
        op.create_table("invoices", sa.Column("id", sa.Uuid(), primary_key=True))

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
def missing_downgrade(script: Script) -> Iterator[Finding]:
    """Yield a file without `downgrade()`."""
    if script.downgrade.is_absent:
        name, other = script.downgrade.name, script.upgrade.name
        yield Finding.at(
            script.revision,
            script.upgrade.position,
            f"`{script.revision.id}` has no `{name}()`",
            help=f"write `def {name}() -> None:` to undo what `{other}()` does, last step first",
        )
