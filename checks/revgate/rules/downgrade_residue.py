"""A downgrade leaves something behind, so the old schema is not restored.

Compares the catalog after `downgrade()` with the catalog before `upgrade()`. Objects that belong to
another leftover object are not listed separately.

## Why it hurts
The next upgrade fails because the type already exists, an unknown sequence or function stays
indefinitely, and no revision describes the state of the database.

## Example
    def upgrade() -> None:
        op.create_table("tickets", sa.Column("status", sa.Enum("open", name="ticket_status")))

    def downgrade() -> None:
        op.drop_table("tickets")

## Instead
    def downgrade() -> None:
        op.drop_table("tickets")
        op.execute("DROP TYPE ticket_status")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.postgres.names import changed, how_to_remove, how_to_restore, thing
from revgate.rules import ERROR, LIVE, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import RoundTrip


@rule(severity=ERROR, group=LIVE)
def downgrade_residue(observed: RoundTrip) -> Iterator[Finding]:
    """Report what exists after a downgrade and was absent, or different, before the upgrade."""
    for step, change in observed.after_downgrade:
        if change.how == "gone":
            continue
        place = (step.downgrade_line, 1)
        name = f"`downgrade()` of `{step.revision.id}`"
        if change.how == "left":
            message, help = f"{name} leaves the {thing(change)} behind", how_to_remove(change)  # noqa: A001 - the contract's own word
        else:
            message, help = f"{name} leaves the {changed(change)}", how_to_restore(change)  # noqa: A001 - as above
        yield Finding.at(step.revision, place, message, help=help)
