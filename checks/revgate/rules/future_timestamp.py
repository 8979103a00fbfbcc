"""A revision is stamped with a time that is still to come.

## Why it hurts
Whatever is written until then sorts before it, and is refused by `timestamp-order` if it follows
it. It happens when a timestamp is made up by hand, or a clock is wrong.

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
    """Yield a revision whose timestamp has come in no time zone yet."""
    revision = head.revision
    if revision.stamp > _latest()[: len(revision.stamp)]:
        yield Finding.at(
            revision,
            revision.id_at,
            f"the timestamp {revision.stamp} of `{revision.id}` is still to come",
            help="stamp the revision with the time at which it was made",
        )


@cache
def _latest() -> str:
    """Return the latest time that any clock shows, once a run.

    Stamps bear no zone; the easternmost is 14 hours ahead of UTC.
    """
    from datetime import UTC, datetime, timedelta

    return (datetime.now(UTC) + timedelta(hours=14)).strftime("%Y%m%d%H%M%S")
