"""An upgrade raises an error on an empty database.

## Why it hurts
The next deployment stops in the middle of the history, and no later revision can be deployed until
this one is fixed.

## Example
    def upgrade() -> None:
        op.create_index("ix_invoices_number", "invoice", ["number"])  # the table is `invoices`

## Instead
    def upgrade() -> None:
        op.create_index("ix_invoices_number", "invoices", ["number"])
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import ERROR, LIVE, Finding, rule
from revgate.rules._live import failure_finding
from revgate.rules._recipes import AUTOCOMMIT, drop_before_build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import RoundTrip


_IN_TRANSACTION = "25001"
_UNSAFE_ENUM_LABEL = "55P04"
_UNDEFINED_TABLE = "42P01"
_WAYS = {
    _IN_TRANSACTION: f"run it outside of the transaction: {AUTOCOMMIT}",
    _UNDEFINED_TABLE: (
        "no earlier revision leaves such a table: if the application creates its first tables by"
        " itself (`create_all`), write a first revision that creates them, or name a file that"
        ' does in the settings, `prepare = "before.sql"`: the output of `pg_dump --schema-only` for'
        " a database as it is before the first revision"
    ),
    _UNSAFE_ENUM_LABEL: f"commit the new label before it is used: add it within {AUTOCOMMIT}, with"
    " `ADD VALUE IF NOT EXISTS`, which can be run again",
}


@rule(severity=ERROR, group=LIVE)
def upgrade_fails(observed: RoundTrip) -> Iterator[Finding]:
    """Report upgrades that raise when run one by one."""
    from revgate.roundtrip.observed import UPGRADE

    for failure in observed.failures:
        if failure.during == UPGRADE:
            found = failure_finding(failure, f"`upgrade()` of `{failure.step.revision.id}` fails")
            way = _WAYS.get(failure.sqlstate)
            drop = drop_before_build(failure.statement)
            if failure.sqlstate == _IN_TRANSACTION and drop:
                way = f"{way}, and in it first `{drop}`, so that it can be run again"
            yield found._replace(help=f"{way}\n{found.help}") if way else found
