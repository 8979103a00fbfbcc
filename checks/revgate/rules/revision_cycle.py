"""Revisions form a cycle.

## Why it hurts
No revision is the first, so Alembic rejects the whole history. This happens when `down_revision` is
edited by hand, for example after a merge.

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
    """Yield one finding per cycle: first those with a dependency, then those of parents alone."""
    for cycle in history.graph.dependency_cycles:
        first = history.graph.by_id[cycle[0]]
        around = " → ".join(f"`{key}`" for key in (*cycle, cycle[0]))
        yield Finding.at(
            first,
            first.depends_on_at if first.depends_on else first.parents_at,
            f"the revisions {around} depend on each other in a cycle",
            help="remove the dependency that closes the cycle from `depends_on`",
        )
    for cycle in history.graph.cycles:
        first, *others = [history.graph.by_id[key] for key in cycle]
        around = " → ".join(f"`{key}`" for key in (*cycle, cycle[0]))
        message = f"the revisions {around} form a cycle"
        if not others:
            message = f"`{first.id}` is its own parent"
        yield Finding.at(
            first,
            first.parents_at,
            message,
            help=f"set the `down_revision` of the one that should come first, likely `{first.id}`,"
            " to the revision before the cycle",
            related=[
                Related(each.path, each.parents_at[0], f"`{each.id}` follows `{each.parents[0]}`")
                for each in others
            ],
        )
