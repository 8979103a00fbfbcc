"""Merging would leave the base with more than one head.

## Why it hurts
The branch is one straight line, and so is the base; but both have a revision on top of the same
parent. Each is green by itself, and the deployment after the merge stops at "Multiple head
revisions are present".

## Example
    # on main since the branch was made
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
    """Yield one finding for each set of heads that the merge would make."""
    before = [{head.id for head in heads} for heads in merge.ours.rival_heads]
    for heads in merge.merged.rival_heads:
        if {head.id for head in heads} in before:
            continue  # the branch has them already, and `multiple-heads` says so
        theirs = [head for head in heads if head.id in merge.base.graph.by_id]
        first = next((each for each in merge.new if _forks(merge, each.parents)), heads[-1])
        names = ", ".join(f"`{head.id}`" for head in heads)
        yield Finding.at(
            first,
            first.parents_at,
            f"merging would leave {len(heads)} heads: {names}",
            help=_help(theirs[0].id) if len(theirs) == 1 else "bring the base into one line first",
            related=[
                Related(head.path, head.parents_at[0], f"`{head.id}` would be a head")
                for head in heads
            ],
        )


def _forks(merge: Merge, parents: tuple[str, ...]) -> bool:
    """Whether a new revision stands on a published one that is not the base's head."""
    return any(
        parent in merge.base.graph.by_id and parent not in merge.base.graph.heads
        for parent in parents
    )


def _help(head: str) -> str:
    return (
        f'write `down_revision = "{head}"`, the head of the base as it stands now; or let'
        " `revgate rebase` do it"
    )
