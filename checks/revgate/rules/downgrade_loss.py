"""A downgrade that takes away what was there before the upgrade destroys more than it undoes.

## Why it hurts
The release that is rolled back to needs what is gone: its queries lose an index, a constraint or
a whole column.

## Example
    def upgrade() -> None:
        op.drop_index("ix_users_email")

    def downgrade() -> None:
        pass  # the index does not come back

## Instead
    def downgrade() -> None:
        op.create_index("ix_users_email", "users", ["email"])
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.postgres.names import how_to_bring_back, thing
from revgate.rules import ERROR, LIVE, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import RoundTrip


@rule(severity=ERROR, group=LIVE)
def downgrade_loss(observed: RoundTrip) -> Iterator[Finding]:
    """Report what was there before the upgrade and is not after the downgrade."""
    for step, change in observed.after_downgrade:
        if change.how == "gone":
            yield Finding.at(
                step.revision,
                (step.downgrade_line, 1),
                f"the {thing(change)} stood before `upgrade()` of `{step.revision.id}` and is gone"
                " after its `downgrade()`",
                help=how_to_bring_back(change),
            )
