"""The parent of a published revision was changed.

## Why it hurts
Databases have run it in its original place. After the change, Alembic assumes that a database at
this revision has run the revisions that now precede it, so they never run.

## Example
    # published with down_revision = "20251116000000"
    down_revision = "20251118120000"

## Instead
    # the new revision 20251118120000 goes to the end
    down_revision = "20251117000000"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import ERROR, PUBLISHED, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.merge import Merge


@rule(severity=ERROR, group=PUBLISHED)
def reparented_revision(merge: Merge) -> Iterator[Finding]:
    """Yield each published revision whose parents the merge would change."""
    squash = merge.squash
    squashed = {squash.first.id, *squash.followers} if squash else set()
    for key, before in merge.base.graph.by_id.items():
        if key in squashed:
            continue  # `removed-revision` reports the squash
        after = merge.merged.graph.by_id.get(key)
        if after is not None and {*after.parents} != {*before.parents}:
            now = ", ".join(f"`{parent}`" for parent in after.parents) or "`None`"
            was = ", ".join(before.parents)
            yield Finding.at(
                after,
                after.parents_at,
                f"`{key}` is published with the parent `{was or None}`, and now has {now}",
                help=f'restore `down_revision = "{was}"`'
                if was
                else "restore `down_revision = None`",
            )
