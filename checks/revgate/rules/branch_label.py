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

from typing import TYPE_CHECKING

from revgate.rules import CHAIN, ERROR, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.history import History


@rule(severity=ERROR, group=CHAIN)
def branch_label(history: "History") -> "Iterator[Finding]":
    """Yield each label that the settings do not name, where the history is to be linear."""
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
