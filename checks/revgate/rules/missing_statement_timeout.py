"""An upgrade works under a lock on an existing table with no `statement_timeout`.

Off unless enabled: a long statement that is meant to be long, such as a validation, needs a
generous limit of its own. For the time spent waiting for a lock, see `missing-lock-timeout`.

## Why it hurts
A statement that takes a second on a test database can take an hour in production, and every request
that needs the table waits for as long. With a limit, the deployment stops instead of the
application.

## Example
    def upgrade() -> None:
        op.add_column("users", sa.Column("nickname", sa.String(), nullable=True))

## Instead
    def upgrade() -> None:
        op.execute("SET LOCAL statement_timeout = '30s'")
        op.add_column("users", sa.Column("nickname", sa.String(), nullable=True))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import LIVE, WARNING, Finding, rule
from revgate.rules._locks import without_timeout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import RoundTrip


@rule(severity=WARNING, group=LIVE, enabled=False)
def missing_statement_timeout(observed: RoundTrip) -> Iterator[Finding]:
    """Report the first lock of each revision under which a statement can run for any time."""
    return without_timeout(
        observed, "statement_timeout", "30s", "holds", lambda lock: not lock.limited
    )
