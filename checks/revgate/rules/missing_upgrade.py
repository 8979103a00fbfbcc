"""A revision has no `upgrade()`.

## Why it hurts
Alembic stops with an `AttributeError` as soon as an upgrade reaches the revision, usually during
the deployment. It happens when the name is misspelt, or when a file is only half written. A
revision that merges branches needs an `upgrade()` too.

With several databases, the same goes for `upgrade_<name>()` of each.

## Example
    def upgarde() -> None:
        op.create_table("invoices", sa.Column("id", sa.Uuid(), primary_key=True))

## Instead
    def upgrade() -> None:
        op.create_table("invoices", sa.Column("id", sa.Uuid(), primary_key=True))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import CHAIN, ERROR, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.revision import Head


@rule(severity=ERROR, group=CHAIN)
def missing_upgrade(head: Head) -> Iterator[Finding]:
    """Yield each `upgrade()` that a file does not define."""
    for upgrade in head.upgrades:
        if upgrade.is_absent:
            yield Finding.at(
                head.revision,
                upgrade.position,
                f"`{head.revision.id}` has no `{upgrade.name}()`",
                help=f"rename `{upgrade.near}` to `{upgrade.name}`"
                if upgrade.near
                else f"write `def {upgrade.name}() -> None:`, with `pass` if it does nothing",
            )
