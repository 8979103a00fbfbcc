"""A revision's timestamp is in the future.

## Why it hurts
Every revision created until then sorts before it, and `timestamp-order` rejects those that follow
it. This happens when a timestamp is made up, or a clock is wrong.

## Example
    versions/29991231235959_add_invoices.py

## Instead
    versions/20251118120000_add_invoices.py
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from revgate.rules import NAMING, WARNING, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.revision import Head


@rule(severity=WARNING, group=NAMING, lasting=False)
def future_timestamp(head: Head) -> Iterator[Finding]:
    """Yield a revision whose timestamp is in the future in every time zone."""
    revision = head.revision
    if revision.stamp > _latest()[: len(revision.stamp)]:
        yield Finding.at(
            revision,
            revision.id_at,
            f"the timestamp {revision.stamp} of `{revision.id}` is in the future",
            help="use the time when the revision was created",
        )


@cache
def _latest() -> str:
    """Return the latest local time in any time zone.

    Timestamps have no time zone; the easternmost is 14 hours ahead of UTC.
    """
    from datetime import UTC, datetime, timedelta

    return (datetime.now(UTC) + timedelta(hours=14)).strftime("%Y%m%d%H%M%S")
