"""A downgrade that only raises cannot be run.

## Why it hurts
Everything before this revision is out of reach for a rollback. Sometimes that is the truth, as
when the upgrade dropped a column with its data; then it deserves a reason that a reviewer sees.

## Example
    def downgrade() -> None:
        raise NotImplementedError

## Instead
    def downgrade() -> None:
        op.add_column("customers", sa.Column("fax", sa.String(50)))

or, where nothing can bring it back, the reason on the line or the line above:

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
    """Yield a downgrade that raises before it does anything."""
    if script.downgrade.raises:
        yield Finding.at(
            script.revision,
            script.downgrade.body,
            f"`downgrade()` of `{script.revision.id}` only raises",
            help="take back what `upgrade()` does; where that cannot be done, say why:"
            " `# revgate: allow[raising-downgrade] ...`",
        )
