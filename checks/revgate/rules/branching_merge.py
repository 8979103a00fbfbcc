"""Merging would leave the target branch with more than one head.

## Why it hurts
Both branches are linear, but each adds a revision to the same parent. Each passes its checks, and
the deployment after the merge stops with "Multiple head revisions are present".

## Example
    # on main, added after the branch was created
    20251118120000_add_invoices.py      down_revision = "20251117000000"

    # on the branch
    20251118130000_add_receipts.py      down_revision = "20251117000000"

## Instead
    # on the branch
    20251118130000_add_receipts.py      down_revision = "20251118120000"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import ERROR, PUBLISHED, Finding, Related, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.merge import Merge


@rule(severity=ERROR, group=PUBLISHED)
def branching_merge(merge: Merge) -> Iterator[Finding]:
    """Yield one finding for each set of heads that the merge would create."""
    before = [{head.id for head in heads} for heads in merge.told_heads]
    for heads in merge.merged.rival_heads:
        if {head.id for head in heads} in before:
            continue  # already on the branch, and reported by `multiple-heads`
        theirs = [head for head in heads if head.id in merge.base.graph.by_id]
        first = next((each for each in merge.new if _forks(merge, each.parents)), heads[-1])
        names = ", ".join(f"`{head.id}`" for head in heads)
        yield Finding.at(
            first,
            first.parents_at,
            f"merging would leave {len(heads)} heads: {names}",
            help=_help(theirs[0].id) if len(theirs) == 1 else "linearize the target branch first",
            related=[
                Related(head.path, head.parents_at[0], f"`{head.id}` would be a head")
                for head in heads
            ],
        )


def _forks(merge: Merge, parents: tuple[str, ...]) -> bool:
    """Whether the parent of a new revision is published but not the head of the target branch."""
    return any(
        parent in merge.base.graph.by_id and parent not in merge.base.graph.heads
        for parent in parents
    )


def _help(head: str) -> str:
    return (
        f'write `down_revision = "{head}"`, the current head of the target branch; or run'
        " `revgate rebase`"
    )
