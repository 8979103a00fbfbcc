"""A downgrade that leaves something behind does not bring the old database back.

Everything that stands in the catalogue after `downgrade()` is compared with what stood there before
`upgrade()`. What belongs to something that is left is not listed again.

## Why it hurts
The next upgrade fails because the type already exists, a sequence or a function that nobody knows
stays for ever, and the database is one that no revision describes.

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
    """Report what is there after a downgrade and was not, or was otherwise, before the upgrade."""
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
