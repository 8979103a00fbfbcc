"""An upgrade works one revision at a time, but fails the way production runs it.

`alembic upgrade head` runs all pending revisions in one transaction, unless env.py requests one per
revision. Operations that need the previous revision to be committed work only for those who
upgraded after every single revision.

## Why it hurts
A deployment that includes both revisions fails, and so does the setup of every new database: a
colleague's, the next test run's, or one for disaster recovery.

## Example
    def upgrade() -> None:
        op.execute("ALTER TYPE status ADD VALUE 'paused'")

    def upgrade() -> None:  # of the next revision: the label is not committed yet
        op.execute("UPDATE jobs SET status = 'paused'")

## Instead
    def upgrade() -> None:
        with op.get_context().autocommit_block():
            op.execute("ALTER TYPE status ADD VALUE IF NOT EXISTS 'paused'")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import ERROR, LIVE, Finding, rule
from revgate.rules._live import failure_finding
from revgate.rules._recipes import AUTOCOMMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import Failure, RoundTrip

_UNSAFE_ENUM_LABEL = "55P04"
_PENDING_TRIGGER_EVENTS = "55006"


@rule(severity=ERROR, group=LIVE)
def fails_in_one_transaction(observed: RoundTrip) -> Iterator[Finding]:
    """Report upgrades that raise only in the production pass."""
    from revgate.roundtrip.observed import PRODUCTION

    env = f"{observed.environment.script_location}/env.py"
    for failure in observed.failures:
        if failure.during == PRODUCTION:
            found = failure_finding(
                failure,
                f"`upgrade()` of `{failure.step.revision.id}` works on its own and fails when"
                " `alembic upgrade head` runs all revisions in one transaction",
            )
            yield found._replace(help=f"{_way_out(failure, env)}\n{found.help}")


def _way_out(failure: Failure, env: str) -> str:
    each = (
        "commit each revision separately: pass `transaction_per_migration=True` to"
        f" `context.configure()` in {env}"
    )
    match failure.sqlstate:
        case code if code == _UNSAFE_ENUM_LABEL:
            return (
                f"add the label within {AUTOCOMMIT} in the revision that creates it, with"
                f" `ADD VALUE IF NOT EXISTS`, which can be run again; or {each}"
            )
        case code if code == _PENDING_TRIGGER_EVENTS:
            return (
                "check deferred constraints before altering the table:"
                f' `op.execute("SET CONSTRAINTS ALL IMMEDIATE")`; or {each}'
            )
        case _:
            return each
