"""An upgrade waits for a lock on an existing table with no `lock_timeout`.

PostgreSQL grants the lock once all running queries on the table have ended. Until then the upgrade
waits in the queue, and every later query on the table waits behind it, however short.

## Why it hurts
If a report runs for ten minutes, adding a column, which takes a millisecond, blocks the whole
application from the table for ten minutes.

## Example
    def upgrade() -> None:
        op.add_column("users", sa.Column("nickname", sa.String(), nullable=True))

## Instead
    def upgrade() -> None:
        op.execute("SET LOCAL lock_timeout = '5s'")
        op.add_column("users", sa.Column("nickname", sa.String(), nullable=True))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import LIVE, WARNING, Finding, rule
from revgate.rules._locks import without_timeout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import RoundTrip


@rule(severity=WARNING, group=LIVE)
def missing_lock_timeout(observed: RoundTrip) -> Iterator[Finding]:
    """Report the first lock of each revision that has no timeout."""
    return without_timeout(
        observed, "lock_timeout", "5s", "waits for", lambda lock: not lock.bounded
    )
