"""The commit that revisions are rebased onto: the one that is named, or the branch's base.

Knows branches and remotes of git; nothing of revisions.
"""

import os
import shlex
from typing import NamedTuple

from revgate.errors import CannotJudgeError, UsageError
from revgate.git import GitRefusedError, find_root, git
from revgate.history.source import GitTree

_USUAL = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
# The steps of `git rebase`, by the folder that it keeps while it waits.
_REBASES = ("rebase-merge", "rebase-apply")


class Onto(NamedTuple):
    """The base, and how far this branch knows it."""

    name: str
    why: str
    """As the output says it: `the upstream of feature`; empty where it was named."""
    tree: GitTree
    before: GitTree | None
    """Where base and branch part; None where nothing is committed yet."""
    going_on: str
    """`merge` or `rebase`, where git is in the midst of one; else empty."""


def choose(root: str, written: str | None) -> Onto:
    """Choose the base.

    Args:
        root: The repository root, an absolute path.
        written: What the user named; None for the branch's base.

    Raises:
        UsageError: There is no git repository.
        CannotJudgeError: The base, or the ancestor in common, is not in this clone.
    """
    if not find_root(root)[1]:
        raise UsageError(f"{root} is no git repository: a rebase needs one")
    name, why = (written, "") if written is not None else _default(root)
    try:
        tree = GitTree.at(root, name)
    except UsageError:
        raise CannotJudgeError(_absent(root, name)) from None
    tree.name = name
    before = _before(root, name, tree)
    return Onto(name, why, tree, before, _going_on(root))


def _default(root: str) -> tuple[str, str]:
    branch = _branch(root)
    form = "--format=%(upstream:short)%00%(upstream:remoteref)"
    said = _ask(root, "for-each-ref", form, f"refs/heads/{branch}") if branch else ""
    upstream, _, there = said.partition("\0")
    if upstream and there != f"refs/heads/{branch}":
        return upstream, f"the upstream of {branch}"
    for name in _USUAL:
        if _ask(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"):
            short = _ask(root, "rev-parse", "--abbrev-ref", name) if "HEAD" in name else ""
            return short or name, "the usual base; another with --onto"
    raise CannotJudgeError(
        f"no base to rebase onto: no upstream, and none of {', '.join(_USUAL)}; `git fetch origin"
        " main` brings one, or name it with --onto"
    )


def _branch(root: str) -> str:
    """Return the branch that is checked out, or that is being rebased; empty where none."""
    for folder in _REBASES:
        try:
            with open(_git_path(root, f"{folder}/head-name"), encoding="utf-8") as file:
                return file.read().strip().removeprefix("refs/heads/")
        except (OSError, ValueError):
            continue
    return _ask(root, "symbolic-ref", "--quiet", "--short", "HEAD")


def _git_path(root: str, name: str) -> str:
    return os.path.join(root, _ask(root, "rev-parse", "--git-path", name))


def _going_on(root: str) -> str:
    if any(os.path.isdir(_git_path(root, folder)) for folder in _REBASES):
        return "rebase"
    return "merge" if os.path.isfile(_git_path(root, "MERGE_HEAD")) else ""


def _ask(root: str, *arguments: str) -> str:
    try:
        return os.fsdecode(git(root, *arguments)).strip()
    except GitRefusedError:
        return ""


def _absent(root: str, name: str) -> str:
    remotes = _ask(root, "remote").splitlines()
    remote, _, branch = name.partition("/")
    if remote in remotes and branch:
        return f"{name!r} is not in this clone: `{_fetch(root, remote, branch)}` brings it"
    if not remotes:
        return f"git knows no commit {name!r}, and there is no remote to fetch it from"
    remote = "origin" if "origin" in remotes else remotes[0]
    return (
        f"{name!r} is not in this clone: `{_fetch(root, remote, name)}` brings a branch"
        f" of that name, for `--onto {shlex.quote(f'{remote}/{name}')}`"
    )


def _fetch(root: str, remote: str, branch: str) -> str:
    """Return the command that brings a branch, also into a clone of a single one."""
    written = _ask(root, "config", "--get-all", f"remote.{remote}.fetch")
    kept = "" if "refs/heads/*" in written else f":refs/remotes/{remote}/{branch}"
    return f"git fetch {shlex.quote(remote)} {shlex.quote(branch + kept)}"


def _before(root: str, name: str, tree: GitTree) -> GitTree | None:
    """Return the last commit that the base and what is checked out have in common."""
    ours = [
        found
        for each in ("HEAD", "MERGE_HEAD")
        if (found := _ask(root, "rev-parse", "--verify", "--quiet", each))
    ]
    if not ours:
        return None
    common = [_ask(root, "merge-base", tree.revision or "", each) for each in ours]
    if not any(common):
        shallow = _ask(root, "rev-parse", "--is-shallow-repository") == "true"
        raise CannotJudgeError(
            f"this branch and {name!r} have no commit in common here"
            + ("; this clone is shallow: `git fetch --unshallow` brings all" if shallow else "")
        )
    if tree.revision in common:
        return tree  # all of it is here; during a merge, by what is merged
    before = GitTree(root, next(filter(None, common)))
    before.name = f"the common ancestor with {name}"
    return before
