"""A revision depends on a revision that is not its parent.

## Why it hurts
`depends_on` orders parallel branches. In a linear history, every earlier revision has already run,
so a dependency only adds a second, hidden order that can contradict the first.

Where labelled branches may stand side by side (`branches` in the settings), a revision of one may
depend on a revision of another.

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
    from revgate.history.revision import Revision


@rule(severity=ERROR, group=CHAIN)
def cross_dependency(history: History) -> Iterator[Finding]:
    """Yield each revision with `depends_on`, if the history must be linear."""
    if not history.scope.linear:
        return
    for revision in history.revisions:
        if revision.depends_on and not _is_across(history, revision):
            names = ", ".join(f"`{name}`" for name in revision.depends_on)
            yield Finding.at(
                revision,
                revision.depends_on_at,
                f"`{revision.id}` depends on {names} in addition to its parent",
                help="write `depends_on = None`, since every earlier revision has already run; if"
                " the history has parallel branches, set `linear = false`",
            )


def _is_across(history: History, revision: Revision) -> bool:
    """Whether a revision depends on another of the branches that may coexist."""
    if not history.scope.branches:
        return False
    before = history.graph.ancestors(*revision.parents)
    return not before.issuperset(revision.depends_on)
