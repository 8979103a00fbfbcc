"""Finds the revisions that other published branches have, such as those of a release."""

from __future__ import annotations

import os
import shlex
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from revgate.checking.file_rules import judge_file
from revgate.errors import CannotJudgeError, RevgateError
from revgate.git import git
from revgate.history.read import read
from revgate.history.tree import GitTree
from revgate.target_branch import ask, keeps_all_branches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.environments import Environment


def released(
    root: str, patterns: Sequence[str], environment: Environment, *, cached: bool = True
) -> dict[str, str]:
    """Return the branch that has each published revision, by its id.

    Args:
        root: The repository root.
        patterns: The setting `published`: names of branches of the remote.
        environment: Whose revisions.
        cached: Whether cached facts may be used, and written.
    """
    found: dict[str, str] = {}
    for name, commit in _branches(root, patterns):
        for key in _ids(GitTree(root, commit), environment, cached=cached):
            found.setdefault(key, name)
    return found


def need_branches(root: str, patterns: Sequence[str]) -> None:
    """See that this clone has the published branches.

    Raises:
        CannotJudgeError: It is a clone of some branches only, and may lack one of them; with the
            command that brings all.
    """
    there = {name.partition("/")[2] for name, _ in _branches(root, patterns)}
    unseen = [each for each in patterns if each not in there]
    for remote in ask(root, "remote").splitlines() if unseen else ():
        if not keeps_all_branches(root, remote):
            name = shlex.quote(remote)
            raise CannotJudgeError(
                f"`published` names `{unseen[0]}`, and this clone has only some branches of"
                f" {remote}: run `git remote set-branches {name} '*' && git fetch {name}`"
            )


def _branches(root: str, patterns: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the name and the commit of each branch; local ones only where there is no remote."""
    if not patterns:
        return
    form = "--format=%(refname)%00%(objectname)"
    for kind, depth in (("refs/remotes", 1), ("refs/heads", 0)):
        lines = os.fsdecode(git(root, "for-each-ref", form, kind)).splitlines()
        for line in lines:
            ref, _, commit = line.partition("\0")
            name = ref.removeprefix(f"{kind}/").split("/", depth)[-1]
            if name != "HEAD" and any(fnmatchcase(name, pattern) for pattern in patterns):
                yield ref.removeprefix(f"{kind}/"), commit
        if lines:
            return


def _ids(tree: GitTree, environment: Environment, *, cached: bool) -> Iterator[str]:
    """Yield the ids of a branch; wherever it may have the environment."""
    from revgate.environments import survey
    from revgate.settings import Settings

    places = dict.fromkeys([environment, *survey(tree, Settings()).found])
    for place in places:
        there = tuple(each for each in place.version_locations if tree.has_folder(each))
        if not there:
            continue
        alike = place._replace(version_locations=there)
        try:
            yield from read(tree, alike, judge_file, whole=False, cached=cached).history.graph.by_id
        except RevgateError:
            continue  # without a revision
