"""A revision that is published was given another parent.

## Why it hurts
Databases have run it in its place. After the change, a database that stands at this revision is
taken to have run what now comes before it, and never will.

## Example
    # published with down_revision = "20251116000000"
    down_revision = "20251118120000"

## Instead
    # 20251118120000, the new one, goes to the end
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
    """Yield each revision of the base whose parents would be others after the merge."""
    for key, before in merge.base.graph.by_id.items():
        after = merge.merged.graph.by_id.get(key)
        if after is not None and {*after.parents} != {*before.parents}:
            now = ", ".join(f"`{parent}`" for parent in after.parents) or "`None`"
            was = ", ".join(before.parents)
            yield Finding.at(
                after,
                after.parents_at,
                f"`{key}` is published with the parent `{was or None}`, and now has {now}",
                help=f'write `down_revision = "{was}"` again'
                if was
                else "write `down_revision = None` again",
            )
