"""An upgrade creates a different schema the second time.

## Why it hurts
Staging and production ran the same revisions and still differ, because one of them was rolled back
once. What works on one fails on the other.

## Example
    def upgrade() -> None:
        op.execute("CREATE TABLE IF NOT EXISTS invoices (id int, paid boolean)")

    def downgrade() -> None:
        op.drop_column("invoices", "paid")

## Instead
    def upgrade() -> None:
        op.create_table("invoices", sa.Column("id", sa.Integer), sa.Column("paid", sa.Boolean))

    def downgrade() -> None:
        op.drop_table("invoices")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import ERROR, LIVE, Finding, rule
from revgate.rules._live import schema_difference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import RoundTrip


@rule(severity=ERROR, group=LIVE)
def unrepeatable_upgrade(observed: RoundTrip) -> Iterator[Finding]:
    """Report how the schema after the second upgrade differs from that after the first."""
    for step, change in observed.after_again:
        yield Finding.at(
            step.revision,
            (step.upgrade_line, 1),
            f"`upgrade()` of `{step.revision.id}` creates a different schema the second time:"
            f" {schema_difference(change)}",
            help="make `upgrade()` do the same each time, without `IF NOT EXISTS` or computed"
            " names, order or conditions; and make `downgrade()` undo all of it",
        )
