"""A squash builds another schema than the revisions that it replaces.

Runs with `--against`, where the change replaces the first published revisions with a single one:
builds an empty database up to the last of those, as the target branch has them, and another one up
to the squash, and compares their catalogs. If both are equal, a note says so. Rows are not
compared.

## Why it hurts
Existing databases keep the schema that the old revisions built; new ones, and those of every test,
get the schema of the squash. What works on one fails on the other.

## Example
    def upgrade() -> None:
        op.create_table("invoices", sa.Column("id", sa.Integer, primary_key=True), ...)
        # the index that a replaced revision created is forgotten

## Instead
    def upgrade() -> None:
        op.create_table("invoices", sa.Column("id", sa.Integer, primary_key=True), ...)
        op.create_index("ix_invoices_number", "invoices", ["number"])
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import ERROR, LIVE, Finding, rule
from revgate.rules._downgrade import execute_operation
from revgate.rules._live import schema_difference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.postgres.snapshot.change import CatalogueChange
    from revgate.roundtrip.observed import RoundTrip


@rule(severity=ERROR, group=LIVE)
def squash_differs(observed: RoundTrip) -> Iterator[Finding]:
    """Report each difference between the two schemas."""
    if observed.squash is None:
        return
    step, replaced, changes = observed.squash
    for change in changes:
        yield Finding.at(
            step.revision,
            (step.upgrade_line, 1),
            f"`upgrade()` of `{step.revision.id}` creates a different schema than {replaced},"
            f" which it replaces: {schema_difference(change)}",
            help=_help(change),
        )


def _help(change: CatalogueChange) -> str:
    from revgate.postgres.snapshot.describe import label, restore_statement

    if change.how == "left":
        return f"create the {label(change)} in a revision of its own, not in the squash"
    if statement := restore_statement(change):
        return f"add to `upgrade()`: `{execute_operation(statement)}`"
    if change.how == "gone":
        return f"create the {label(change)} in `upgrade()`"
    return f"create the {label(change)} in `upgrade()` as it was"
