"""A new revision was slipped in before a published one.

## Why it hurts
Databases that stand at the head of the base are taken to have run it, and never will: Alembic
looks at where a database stands, not at what it has run.

## Example
    # published: 20251116000000 <- 20251117000000; new, and in between:
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
    """Yield each new revision from which a published one would descend."""
    published = merge.base.graph.by_id
    before_published = merge.merged.graph.ancestors(
        *(key for key in published if key in merge.merged.graph.by_id)
    )
    heads = merge.base.graph.heads
    for revision in merge.new:
        if revision.id in before_published:
            behind = f'`down_revision = "{heads[0]}"`' if len(heads) == 1 else "behind its head"
            yield Finding.at(
                revision,
                revision.parents_at,
                f"`{revision.id}` is new, and published revisions would come after it",
                help=f"put it behind what is published: write {behind}, and give the published"
                " revisions their parents back",
            )
