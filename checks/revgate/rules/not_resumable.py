"""An upgrade that commits on its way cannot be run again after an interruption.

A statement in an `autocommit_block()`, or a `COMMIT` by hand, stays when what follows it fails, and
the revision counts as not applied. Each such revision is interrupted after each of its commits and
run again. An interrupted `CREATE INDEX CONCURRENTLY` leaves an invalid index, also within one
revision that does nothing else; and where all revisions share a transaction, a later one that fails
is enough.

## Why it hurts
The deployment is repeated once the cause is gone, and stops at what the first attempt has already
done. With `IF NOT EXISTS` it passes, and the index that no query uses stays.

## Example
    def upgrade() -> None:
        with op.get_context().autocommit_block():
            op.create_index("ix_users_email", "users", ["email"], postgresql_concurrently=True)

## Instead
    def upgrade() -> None:
        with op.get_context().autocommit_block():
            op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_users_email")
            op.create_index("ix_users_email", "users", ["email"], postgresql_concurrently=True)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from revgate.rules import LIVE, WARNING, Finding, Related, rule
from revgate.rules._live import schema_difference
from revgate.rules._recipes import drop_before_build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import RoundTrip, Unresumed

_CONCURRENT = re.compile(r"\s*CREATE\b.*?\bINDEX\s+CONCURRENTLY\b", re.IGNORECASE | re.DOTALL)
_INVALID = " INVALID"


@rule(severity=WARNING, group=LIVE)
def not_resumable(observed: RoundTrip) -> Iterator[Finding]:
    """Report revisions that fail, or build something else, when they are run again."""
    from revgate.roundtrip.observed import PRODUCTION

    # `fails-in-one-transaction` reports those.
    failed = {each.step.revision.id for each in observed.failures if each.during == PRODUCTION}
    for found in observed.unresumed:
        revision = found.step.revision
        if revision.id in failed:
            continue
        place = Related(revision.path, found.line, "committed here") if found.line else None
        line = found.failed_at or found.line or found.step.upgrade_line
        yield Finding.at(
            revision,
            (line, 1),
            f"`upgrade()` of `{revision.id}` {_what(found)}",
            help=_help(found),
            related=(place,) if place and found.line != line else (),
        )


def _what(found: Unresumed) -> str:
    if found.message:
        return f"fails when it is run again after an interruption: {found.message.rstrip('.')}"
    change = next((each for each in found.changes if _INVALID in each.after), None)
    if change:
        return (
            f"leaves the index `{change.name}` invalid when it is run again after an interruption:"
            " `IF NOT EXISTS` accepts what an interrupted `CREATE INDEX CONCURRENTLY` leaves"
        )
    return (
        "builds another schema when it is run again after an interruption:"
        f" {schema_difference(found.changes[0])}"
    )


def _help(found: Unresumed) -> str:
    committed = f"`{found.statement[:120]}` is committed, and stays when what follows it fails"
    drop = drop_before_build(found.statement) if _CONCURRENT.search(found.statement) else None
    if drop:
        return f"drop the index before it is built, in the same block: `{drop}`\n{committed}"
    return (
        "make what is committed repeatable, with `IF NOT EXISTS` or `IF EXISTS`, or move it to a"
        f" revision before this one\n{committed}"
    )
