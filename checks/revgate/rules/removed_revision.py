"""A published revision was removed, or its id was changed.

## Why it hurts
On a database at this revision, every command stops with "Can't locate revision identified by ...".
A revision with a new id runs a second time on databases that have already run it.

## Example
    git rm migrations/versions/20251117000000_add_invoices.py

## Instead
    # a new revision that undoes the published one
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
    """Yield each published revision that the merge would remove."""
    told = "unreadable-revision" in merge.merged.told
    unread = merge.merged.graph.unread if told else frozenset()
    for key, before in merge.base.graph.by_id.items():
        if key in merge.merged.graph.by_id or key in unread:
            continue
        twin = merge.twin(before)
        what = f"renamed to `{twin.id}`" if twin else "removed"
        yield Finding.at(
            before,
            before.id_at,
            f"`{key}` is published, but was {what}",
            help=f"restore `{before.path}` from the target branch"
            + (f', with `revision = "{key}"`' if twin else ""),
        )
