"""A new revision was inserted before a published one.

## Why it hurts
Databases at the head of the target branch never run it: Alembic records only the current revision,
and assumes that all earlier ones have run.

## Example
    # published: 20251116000000 <- 20251117000000; inserted between them:
    revision = "20251116120000"
    down_revision = "20251116000000"    # and 20251117000000 now follows this one

## Instead
    revision = "20251118120000"
    down_revision = "20251117000000"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import ERROR, PUBLISHED, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.merge import Merge


@rule(severity=ERROR, group=PUBLISHED)
def late_insertion(merge: Merge) -> Iterator[Finding]:
    """Yield each new revision that a published one would descend from."""
    published = merge.base.graph.by_id
    before_published = merge.merged.graph.ancestors(
        *(key for key in published if key in merge.merged.graph.by_id)
    )
    heads = merge.base.graph.heads
    for revision in merge.new:
        if merge.squash is not None and revision.id == merge.squash.first.id:
            continue  # `removed-revision` reports the squash
        if revision.id in before_published:
            behind = (
                f'`down_revision = "{heads[0]}"`' if len(heads) == 1 else "the id of their head"
            )
            yield Finding.at(
                revision,
                revision.parents_at,
                f"`{revision.id}` is new, but published revisions would follow it",
                help=f"move it after the published revisions: write {behind}, and restore the"
                " parents of the published revisions",
            )
