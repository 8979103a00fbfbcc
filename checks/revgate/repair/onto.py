"""Chooses the commit to rebase onto: the one given, or the branch's target branch."""

from __future__ import annotations

import os
from typing import NamedTuple

from revgate.errors import CannotJudgeError, UsageError
from revgate.git import find_root, resolve
from revgate.history.merge import absent, unrelated
from revgate.history.tree import GitTree
from revgate.target_branch import REBASES, ask, branch_base, git_path


class Onto(NamedTuple):
    """The target branch, and how much of it this branch has."""

    name: str
    why: str
    """Why it was chosen, for the output: `the upstream of feature`; empty if it was given."""
    tree: GitTree
    before: GitTree | None
    """The common ancestor; None if nothing is committed yet."""
    going_on: str
    """`merge` or `rebase` if one is in progress; else empty."""


def choose(root: str, written: str | None) -> Onto:
    """Choose the target branch.

    Args:
        root: The repository root, an absolute path.
        written: What the user gave; None for the branch's own target.

    Raises:
        UsageError: There is no git repository.
        CannotJudgeError: The target branch, or the common ancestor, is not in this clone.
    """
    if not find_root(root)[1]:
        raise UsageError(f"{root} is not a git repository: a rebase requires one")
    name, why = (written, "") if written is not None else branch_base(root)
    try:
        tree = GitTree.at(root, name)
    except UsageError:
        raise CannotJudgeError(absent(root, name)) from None
    tree.name = name
    before = _before(root, name, tree)
    return Onto(name, why, tree, before, _going_on(root))


def _going_on(root: str) -> str:
    if any(os.path.isdir(git_path(root, folder)) for folder in REBASES):
        return "rebase"
    return "merge" if os.path.isfile(git_path(root, "MERGE_HEAD")) else ""


def _before(root: str, name: str, tree: GitTree) -> GitTree | None:
    """Return the common ancestor of the target branch and what is checked out."""
    ours = [found for each in ("HEAD", "MERGE_HEAD") if (found := resolve(root, each))]
    if not ours:
        return None
    common = [ask(root, "merge-base", tree.revision or "", each) for each in ours]
    if not any(common):
        raise CannotJudgeError(unrelated(root, name))
    if tree.revision in common:
        return tree  # all of it is here; during a merge, by what is merged
    before = GitTree(root, next(filter(None, common)))
    before.name = f"the common ancestor with {name}"
    return before
