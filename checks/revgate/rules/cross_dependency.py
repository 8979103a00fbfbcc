"""A revision depends on a revision that is not its parent.

## Why it hurts
`depends_on` orders parallel branches. In a linear history, every earlier revision has already run,
so a dependency only adds a second, hidden order that can contradict the first.

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
    """Yield each revision with `depends_on`, if the history must be linear."""
    if not history.scope.linear:
        return
    for revision in history.revisions:
        if revision.depends_on:
            names = ", ".join(f"`{name}`" for name in revision.depends_on)
            yield Finding.at(
                revision,
                revision.depends_on_at,
                f"`{revision.id}` depends on {names} in addition to its parent",
                help="write `depends_on = None`, since every earlier revision has already run; if"
                " the history has parallel branches, set `linear = false`",
            )
