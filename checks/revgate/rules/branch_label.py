"""A revision has a branch label.

## Why it hurts
Labels are for histories that maintain several branches in parallel. In a linear history, a label is
a leftover, or the start of an unannounced second branch.

## Example
    branch_labels = ("billing",)

## Instead
    branch_labels = None

List intentional branches in the settings: `branches = ["billing"]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import CHAIN, ERROR, Finding, Related, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.history import History


@rule(severity=ERROR, group=CHAIN)
def branch_label(history: History) -> Iterator[Finding]:
    """Yield each label that the settings do not list, if the history must be linear.

    In any history, yield each label that Alembic rejects: a duplicate, or one that is also an id.
    """
    for label, revisions in history.graph.ambiguous_labels.items():
        *others, last = revisions
        also = f"a label of `{others[-1].id}`" if others else "a revision id"
        yield Finding.at(
            last,
            last.labels_at,
            f"the branch label `{label}` of `{last.id}` is also {also}",
            help="rename one of them",
            related=[Related(each.path, each.labels_at[0], "the same label") for each in others],
        )
    if not history.scope.linear:
        return
    for revision in history.revisions:
        for label in revision.labels:
            if label not in history.scope.branches:
                yield Finding.at(
                    revision,
                    revision.labels_at,
                    f"`{revision.id}` has the branch label `{label}`",
                    help="write `branch_labels = None`; if the branch is intentional, set"
                    f' `branches = ["{label}"]`',
                )
