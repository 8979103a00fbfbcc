"""A revision has a branch label.

## Why it hurts
Labels are for histories with several branches that live side by side. In a linear history a
label is a leftover, or the beginning of a second branch that nobody announced.

## Example
    branch_labels = ("billing",)

## Instead
    branch_labels = None

Branches that are wanted are named in the settings: `branches = ["billing"]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import CHAIN, ERROR, Finding, Related, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.history import History


@rule(severity=ERROR, group=CHAIN)
def branch_label(history: History) -> Iterator[Finding]:
    """Yield each label that the settings do not name, where the history is to be linear.

    And, linear or not, each that Alembic refuses: one that stands twice, or is an id too.
    """
    for label, revisions in history.graph.ambiguous_labels.items():
        *others, last = revisions
        also = f"of `{others[-1].id}`" if others else "as the id of a revision"
        yield Finding.at(
            last,
            last.labels_at,
            f"the branch label `{label}` of `{last.id}` stands {also} too",
            help="give one of them another name",
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
                    help="write `branch_labels = None`; where the branch is wanted, set"
                    f' `branches = ["{label}"]`',
                )
