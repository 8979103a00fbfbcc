"""Revisions descend from each other in a circle.

## Why it hurts
There is no first revision to begin with, so Alembic refuses the whole history. It happens when
`down_revision` is edited by hand, as after a merge.

## Example
    # 20251116000000
    down_revision = "20251116120000"

    # 20251116120000
    down_revision = "20251116000000"

## Instead
    # 20251116000000
    down_revision = "20251114120000"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import CHAIN, ERROR, Finding, Related, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.history import History


@rule(severity=ERROR, group=CHAIN)
def revision_cycle(history: History) -> Iterator[Finding]:
    """Yield one finding a cycle, at its least id; then those that a dependency closes."""
    for cycle in history.graph.dependency_cycles:
        first = history.graph.by_id[cycle[0]]
        around = " → ".join(f"`{key}`" for key in (*cycle, cycle[0]))
        yield Finding.at(
            first,
            first.depends_on_at if first.depends_on else first.parents_at,
            f"the revisions {around} wait for each other",
            help="take the dependency that closes the circle out of `depends_on`",
        )
    for cycle in history.graph.cycles:
        first, *others = [history.graph.by_id[key] for key in cycle]
        around = " → ".join(f"`{key}`" for key in (*cycle, cycle[0]))
        message = f"the revisions {around} descend from each other"
        if not others:
            message = f"`{first.id}` is its own parent"
        yield Finding.at(
            first,
            first.parents_at,
            message,
            help=f"set the `down_revision` of the one that comes first, likely `{first.id}`, to the"
            " revision before it",
            related=[
                Related(each.path, each.parents_at[0], f"`{each.id}` follows `{each.parents[0]}`")
                for each in others
            ],
        )
