"""A revision depends on a revision that is not its parent.

## Why it hurts
`depends_on` orders branches that live side by side. In a linear history every earlier revision
has run anyway; a dependency there is a second, hidden order that can contradict the first.

## Example
    down_revision = "20251117000000"
    depends_on = ("20251116000000",)

## Instead
    down_revision = "20251117000000"
    depends_on = None
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import CHAIN, ERROR, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.history import History


@rule(severity=ERROR, group=CHAIN)
def cross_dependency(history: History) -> Iterator[Finding]:
    """Yield each revision with `depends_on`, where the history is to be linear."""
    if not history.scope.linear:
        return
    for revision in history.revisions:
        if revision.depends_on:
            names = ", ".join(f"`{name}`" for name in revision.depends_on)
            yield Finding.at(
                revision,
                revision.depends_on_at,
                f"`{revision.id}` depends on {names} beside its parent",
                help="write `depends_on = None`: what the chain has before this revision has run;"
                " where branches live side by side, set `linear = false`",
            )
