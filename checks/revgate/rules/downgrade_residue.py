"""A downgrade leaves something behind, so the old schema is not restored.

Compares the catalog after `downgrade()` with the catalog before `upgrade()`. Objects that belong to
another leftover object are not listed separately. An extension that is left behind is a warning:
`CREATE EXTENSION IF NOT EXISTS` runs again, and others may need it.

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

from revgate.rules import ERROR, LIVE, WARNING, Finding, rule
from revgate.rules._downgrade import removal_help, restoration_help, with_consequences, with_parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import RoundTrip


@rule(severity=ERROR, group=LIVE)
def downgrade_residue(observed: RoundTrip) -> Iterator[Finding]:
    """Report what exists after a downgrade and was absent, or different, before the upgrade."""
    from revgate.postgres.snapshot.describe import alteration, label

    for step, change, parts in with_parts(observed.after_downgrade):
        if change.how == "gone":
            continue
        place = (step.downgrade_line, 1)
        name = f"`downgrade()` of `{step.revision.id}`"
        if change.how == "left":
            message, help = f"{name} leaves the {label(change)} behind", removal_help(change)  # noqa: A001 - the contract's own word
        else:
            message, help = f"{name} leaves the {alteration(change)}", restoration_help(change)  # noqa: A001 - as above
        found = Finding.at(step.revision, place, message, help=help)
        found = with_consequences(found, parts, restoration_help)
        is_extension = change.how == "left" and change.kind == "extension"
        yield found._replace(severity=WARNING) if is_extension else found
