"""Merging would leave the target branch with more than one head.

## Why it hurts
Both branches are linear, but each adds a revision to the same parent. Each passes its checks, and
the deployment after the merge stops with "Multiple head revisions are present".

## Example
    # on main, added after the branch was created
    20251118120000_add_invoices.py      down_revision = "20251117000000"

    # on the branch
    20251118130000_add_receipts.py      down_revision = "20251117000000"

A revision that another published branch has (`published = ["main", "release/*"]` in the settings)
keeps its parent: databases of that branch would skip what came between.

## Instead
    # on the branch
    20251118130000_add_receipts.py      down_revision = "20251118120000"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import ERROR, PUBLISHED, Finding, Related, rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.history.history import History
    from revgate.history.merge import Merge
    from revgate.history.revision import Revision


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
        fix = _help(theirs[0].id) if len(theirs) == 1 else "linearize the target branch first"
        yield Finding.at(
            first,
            first.parents_at,
            f"merging would leave {len(heads)} heads: {names}",
            help=_keep(merge, heads, theirs) or fix,
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


def _keep(merge: Merge, heads: list[Revision], theirs: list[Revision]) -> str:
    """Return what to do if a revision was released elsewhere; empty if none was."""
    graph, elsewhere = merge.merged.graph, merge.released()
    above = {key for head in heads for key in graph.ancestors(head.id)}
    found = [each.id for each in merge.new if each.id in elsewhere and each.id in above]
    if not found:
        return ""
    names, published = ([each.id for each in some] for some in (heads, theirs))
    return keep_parent(found[-1], elsewhere[found[-1]], merge.merged, names, published)


def keep_parent(
    key: str, branch: str, history: History, heads: Sequence[str], published: Sequence[str]
) -> str:
    """Say what to do instead of giving a released revision another parent.

    Args:
        key: The revision.
        branch: The branch that has it.
        history: Judged by the settings of the target branch.
        heads: What would be the heads.
        published: Those of them that the target branch has.
    """
    first = ", whose settings need `linear = false` first," if history.scope.linear else ""
    behind = f" behind `{published[0]}`" if published else ""
    return (
        f"`{key}` is on `{branch}`, whose databases may have applied it, so it keeps its parent:"
        f" merge the target branch{first} without committing, and join the heads with"
        f" `{history.merge_command(*heads)}`; or cherry-pick the change as a new revision{behind}"
        f" and leave `{key}` to `{branch}`"
    )


def _help(head: str) -> str:
    return (
        f'write `down_revision = "{head}"`, since that is the head of the target branch; or run'
        " `revgate rebase`"
    )
