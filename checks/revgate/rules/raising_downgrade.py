"""A downgrade only raises an error.

## Why it hurts
A rollback cannot go back past this revision. Sometimes that is unavoidable, as when the upgrade
drops a column and its data; then it needs a reason that a reviewer can see.

## Example
    def downgrade() -> None:
        raise NotImplementedError

## Instead
    def downgrade() -> None:
        op.add_column("customers", sa.Column("fax", sa.String(50)))

Or, if the data cannot be restored, give the reason on the same line or the line above:

    def downgrade() -> None:
        # revgate: allow[raising-downgrade] the column held derived data
        raise NotImplementedError
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import DOWNGRADE, ERROR, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.revision import Script


@rule(severity=ERROR, group=DOWNGRADE)
def raising_downgrade(script: Script) -> Iterator[Finding]:
    """Yield a downgrade that raises before doing anything."""
    if script.downgrade.raises:
        yield Finding.at(
            script.revision,
            script.downgrade.body,
            f"`{script.downgrade.name}()` of `{script.revision.id}` only raises",
            help="undo what `upgrade()` does; if that is impossible, say why:"
            " `# revgate: allow[raising-downgrade] ...`",
        )
