"""Checks the branches that a push would update, for the hooks `pre-receive` and `pre-push`.

Reads only git objects, including quarantined ones. A bare repository has no files, so the settings
are those of the pushed commit.
"""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from revgate.checking import merge as merge_checks
from revgate.checking import verdict_cache
from revgate.checking.ruling import settings_in
from revgate.checking.selection import Request
from revgate.errors import UsageError
from revgate.git import commit_tree, find_root, git, resolve
from revgate.history.tree import GitTree
from revgate.rules import CHAIN, PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from revgate.result import Result
    from revgate.settings import Settings
    from revgate.source import Source

HOOKS = ("pre-receive", "pre-push")
_BRANCHES = "refs/heads/"
_DEFAULT = ("main", "master")


class Update(NamedTuple):
    """A branch that a push would update."""

    branch: str
    old: str | None
    """Its current commit; None for a new branch, or a commit that is not in this repository."""
    new: str
    protected: bool = False
    """Whether its history is published."""


def updates(root: str, hook: str, lines: Iterable[str]) -> list[Update]:
    """Return the branches that a push updates and the hook guards.

    Tags, other references and deletions are skipped, since they add no history.

    Args:
        root: The repository root, or a bare repository.
        hook: `pre-receive`, which guards protected branches, or `pre-push`, which checks every
            branch.
        lines: The standard input of the hook.

    Raises:
        UsageError: A line is not in the format of that hook.
    """
    patterns = protected(root)
    moved = []
    for line in lines:
        ref, old, new = _words(hook, line)
        if not ref.startswith(_BRANCHES) or _is_zero(new):
            continue
        if hook == "pre-receive":
            ref = _followed(root, ref)
        branch = ref.removeprefix(_BRANCHES)
        guarded = any(fnmatchcase(branch, pattern) for pattern in patterns)
        if guarded or hook == "pre-push":
            moved.append(Update(branch, _known(root, old), new, guarded))
    return moved


def _followed(root: str, ref: str) -> str:
    """Return the branch that a push to a symbolic reference really updates."""
    target = os.fsdecode(git(root, "symbolic-ref", "--quiet", ref, accept=(0, 1))).rstrip("\n")
    return target or ref


def _words(hook: str, line: str) -> tuple[str, str, str]:
    """Return the reference, the old commit and the new commit of one line."""
    # By single spaces alone: a branch name may contain other characters that Python splits at.
    words = line.rstrip("\n").split(" ")
    if hook == "pre-receive" and len(words) == 3:
        return words[2], words[0], words[1]
    if hook == "pre-push" and len(words) == 4:
        return words[2], words[3], words[1]
    raise UsageError(f"not a line that git passes to {hook}: {line.strip()!r:.200}")


def _is_zero(commit: str) -> bool:
    return not commit.strip("0")


def _known(root: str, commit: str) -> str | None:
    """Return a commit if it is here; before a push, the remote's commit can be missing."""
    if _is_zero(commit):
        return None
    return resolve(root, commit)


def protected(root: str) -> tuple[str, ...]:
    """Return the patterns of protected branches.

    Set by `git config --add revgate.protected 'release/*'`, once per pattern; the default is main,
    master, and the branch that the repository's HEAD names.
    """
    written = git(root, "config", "-z", "--get-all", "revgate.protected", accept=(0, 1))
    # ASCII spaces alone: a branch name may contain any other.
    spaced = os.fsdecode(written).translate(dict.fromkeys(map(ord, "\t\n\0"), " "))
    if patterns := [each for each in spaced.split(" ") if each]:
        return tuple(patterns)
    head = git(root, "symbolic-ref", "--quiet", "HEAD", accept=(0, 1))
    return (*_DEFAULT, os.fsdecode(head).strip().removeprefix(_BRANCHES))


def judge(root: str, hook: str, update: Update) -> Result | None:
    """Check one branch as the push would leave it; None if it does not use Alembic.

    A server runs the chain rules and those on published history, since its hooks must finish in a
    few seconds. Before a push all rules run, as before a commit.

    Raises:
        CannotJudgeError: There is nothing to check although Alembic is configured.
        UsageError: The settings in the pushed commit are wrong.
    """
    source = GitTree.at(root, update.new)
    settings = settings_in(source)
    against = update.old if update.protected else None
    if not _concerns(source, settings) and not (against and _had(root, against)):
        return None
    request = Request(groups=(CHAIN, PUBLISHED) if hook == "pre-receive" else None)
    if against is None:
        return verdict_cache.check(source, settings, request.choose(settings))
    ours = _as_change(root, against, update.new)
    return merge_checks.check(root, request, ours=ours, against=against).result


def _had(root: str, commit: str) -> bool:
    source = GitTree.at(root, commit)
    try:
        return _concerns(source, settings_in(source))
    except UsageError:  # its settings are wrong, so it has some
        return True


def _concerns(source: Source, settings: Settings) -> bool:
    """Whether a commit uses Alembic; a branch of web pages, for example, does not."""
    return bool(settings.environments) or any(_configurations(source))


def _configurations(source: Source) -> Iterator[bool]:
    paths = source.configurations()
    yield from (True for path in paths if path.endswith(".ini"))
    for content in source.read([path for path in paths if path.endswith(".toml")]):
        yield b"alembic" in content.data and b"script_location" in content.data


def _as_change(root: str, old: str, new: str) -> str:
    """Return the pushed commit as a change to the old one, even if it is not its descendant.

    A forced push replaces one history with another: nothing is merged, and what the new one lacks
    is lost. The commit created for this has no reference, and git quarantines it with the others.
    """
    if git(root, "merge-base", old, new, accept=(0, 1)).decode().strip() == old:
        return new
    return commit_tree(root, f"{new}^{{tree}}", [old], "the push as one change")


def repository(start: str, hook: str) -> str:
    """Return the repository of a hook; a server's may be bare and inside another one."""
    if hook == "pre-receive":
        return os.fsdecode(git(start, "rev-parse", "--absolute-git-dir")).rstrip("\n")
    return find_root(start)[0]
