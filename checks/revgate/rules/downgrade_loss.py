"""A downgrade removes, or fails to restore, an object that existed before the upgrade.

## Why it hurts
The previous release needs what is missing: its queries lose an index, a constraint or a whole
column.

## Example
    def upgrade() -> None:
        op.drop_index("ix_users_email")

    def downgrade() -> None:
        pass  # the index is not restored

## Instead
    def downgrade() -> None:
        op.create_index("ix_users_email", "users", ["email"])
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import ERROR, LIVE, Finding, rule
from revgate.rules._downgrade import restoration_help, with_consequences, with_parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import RoundTrip


@rule(severity=ERROR, group=LIVE)
def downgrade_loss(observed: RoundTrip) -> Iterator[Finding]:
    """Report what existed before the upgrade and is missing after the downgrade."""
    from revgate.postgres.snapshot.describe import label

    for step, change, parts in with_parts(observed.after_downgrade):
        if change.how == "gone":
            found = Finding.at(
                step.revision,
                (step.downgrade_line, 1),
                f"the {label(change)} existed before `upgrade()` of `{step.revision.id}` and is"
                " missing after its `downgrade()`",
                help=restoration_help(change),
            )
            yield with_consequences(found, parts, restoration_help)
