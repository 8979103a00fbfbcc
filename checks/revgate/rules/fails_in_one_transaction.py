"""An upgrade that passes step by step and fails as production runs it stops the deployment.

`alembic upgrade head` runs all pending revisions in one transaction, unless env.py asks for one
each. What a revision may do only after the one before it is committed works on the machine of
whoever upgraded after every revision, and nowhere else.

## Why it hurts
A deployment that brings both revisions stops, and so does every new database: a colleague's, the
next test run's, the one of a disaster recovery.

## Example
    def upgrade() -> None:
        op.execute("ALTER TYPE status ADD VALUE 'paused'")

    def upgrade() -> None:  # of the next revision: the label is not committed yet
        op.execute("UPDATE jobs SET status = 'paused'")

## Instead
    def upgrade() -> None:
        with op.get_context().autocommit_block():
            op.execute("ALTER TYPE status ADD VALUE 'paused'")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.roundtrip.observed import PRODUCTION, Failure, RoundTrip
from revgate.rules import ERROR, LIVE, Finding, rule
from revgate.rules._live import failure_finding

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNSAFE_ENUM_LABEL = "55P04"
_PENDING_TRIGGER_EVENTS = "55006"


@rule(severity=ERROR, group=LIVE)
def fails_in_one_transaction(observed: RoundTrip) -> Iterator[Finding]:
    """Report upgrades that raise in the production pass only."""
    env = f"{observed.environment.script_location}/env.py"
    for failure in observed.failures:
        if failure.during == PRODUCTION:
            found = failure_finding(
                failure,
                f"`upgrade()` of `{failure.step.revision.id}` passes step by step and fails when"
                " `alembic upgrade head` runs all revisions at once",
            )
            yield found._replace(help=f"{_way_out(failure, env)}\n{found.help}")


def _way_out(failure: Failure, env: str) -> str:
    each = (
        "let each revision be committed: `transaction_per_migration=True` for"
        f" `context.configure()` in {env}"
    )
    match failure.sqlstate:
        case code if code == _UNSAFE_ENUM_LABEL:
            return (
                "add the label in `with op.get_context().autocommit_block():` of the revision that"
                f" makes it; or {each}"
            )
        case code if code == _PENDING_TRIGGER_EVENTS:
            return (
                "check deferred constraints before the table is altered:"
                f' `op.execute("SET CONSTRAINTS ALL IMMEDIATE")`; or {each}'
            )
        case _:
            return each
