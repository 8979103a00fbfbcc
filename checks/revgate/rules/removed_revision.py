"""A revision that is published was removed, or given another id.

## Why it hurts
A database that stands at it stops at "Can't locate revision identified by ...", in every command.
A revision under a new id runs a second time where it has run already.

## Example
    git rm migrations/versions/20251117000000_add_invoices.py

## Instead
    # a new revision that takes back what the published one did
    op.drop_table("invoices")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import ERROR, PUBLISHED, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.merge import Merge


@rule(severity=ERROR, group=PUBLISHED)
def removed_revision(merge: Merge) -> Iterator[Finding]:
    """Yield each revision of the base that would be gone after the merge."""
    unread = merge.merged.graph.unread
    for key, before in merge.base.graph.by_id.items():
        if key in merge.merged.graph.by_id or key in unread:
            continue
        twin = merge.twin(before)
        what = f"renamed to `{twin.id}`" if twin else "removed"
        yield Finding.at(
            before,
            before.id_at,
            f"`{key}` is published, and was {what}",
            help=f"restore `{before.path}` as the base has it"
            + (f', with `revision = "{key}"`' if twin else ""),
        )
