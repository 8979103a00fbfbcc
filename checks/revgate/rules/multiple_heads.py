"""The history has more than one head.

## Why it hurts
Two revisions have the same parent, usually because of two pull requests that each passed their
checks. The deployment stops with "Multiple head revisions are present for given argument 'head'".

## Example
    # 20251118120000_add_invoices.py
    down_revision = "20251117000000"

    # 20251118130000_add_receipts.py
    down_revision = "20251117000000"

## Instead
    # 20251118130000_add_receipts.py
    down_revision = "20251118120000"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import CHAIN, ERROR, Finding, Related, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.history import History
    from revgate.history.revision import Revision


@rule(severity=ERROR, group=CHAIN)
def multiple_heads(history: History) -> Iterator[Finding]:
    """Yield one finding for each set of heads that should be one."""
    for heads in history.rival_heads:
        labelled = {head.id: bool(history.labels_of(head.id)) for head in heads}
        *others, last = sorted(heads, key=lambda head: (not labelled[head.id], _age(head)))
        names = ", ".join(f"`{head.id}`" for head in (*others, last))
        yield Finding.at(
            last,
            last.parents_at,
            f"the history has {len(heads)} heads: {names}",
            help=_help(history, others, last),
            related=list(_related(history, [*others, last])),
        )


def _age(revision: Revision) -> tuple[str, str]:
    """Return a sort key from older to newer, as far as file names show."""
    return revision.stamp, revision.name


def _related(history: History, heads: list[Revision]) -> Iterator[Related]:
    point = history.graph.common_ancestor([head.id for head in heads])
    if point is not None:
        fork = history.graph.by_id[point]
        yield Related(fork.path, fork.id_at[0], f"the branches diverge at `{fork.id}`")
    for head in heads:
        yield Related(head.path, head.parents_at[0], f"`{head.id}` is a head")


def _help(history: History, others: list[Revision], last: Revision) -> str:
    point = history.graph.common_ancestor([each.id for each in (*others, last)])
    own = history.graph.ancestors(last.id) - history.graph.ancestors(*(each.id for each in others))
    first = next((key for key in history.graph.order if key in own), last.id)
    way = (
        f"linearize them: in `{history.graph.by_id[first].path}` write `down_revision ="
        f' "{others[-1].id}"`'
    )
    if point is None:
        way += " (the two have no common ancestor)"
    join = f"merge them: `{history.merge_command()}`"
    if history.scope.linear:
        join += ", which requires `linear = false` in the settings"
    return f"{way}; or {join}"
