"""Finds the base to compare a branch with: from GitHub Actions, GitLab CI, or git's upstream."""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING

from revgate.errors import CannotJudgeError
from revgate.git import GitRefusedError, git, is_shallow, resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ZERO = "0" * 40
_USUAL = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
REBASES = ("rebase-merge", "rebase-apply")
"""The folders that git keeps during a rebase, one per backend."""


def find_base(root: str, written: str) -> str:
    """Return the base: the given name, or for `auto`, what the CI event or the branch implies.

    Raises:
        CannotJudgeError: Neither implies one.
    """
    if written != "auto":
        return written
    base = _of_event(root) if os.environ.get("GITHUB_EVENT_PATH") else None
    base = base or (_of_pipeline(root) if os.environ.get("GITLAB_CI") else None)
    return base or branch_base(root)[0]


def _of_event(root: str) -> str | None:
    """Read the base from the event, as GitHub's webhook documentation describes it.

    For a pull request, that is its target branch: the event has the commit at the time of the
    last push, and the branch may have moved since.
    """
    import json

    try:
        with open(os.environ["GITHUB_EVENT_PATH"], encoding="utf-8") as file:
            event = json.load(file)
    except (OSError, ValueError) as error:
        raise CannotJudgeError(f"the event of GitHub Actions cannot be read: {error}") from None
    match event:
        case {"pull_request": {"base": {"ref": str() as branch, "sha": str() as commit}}}:
            is_alone = resolve(root, commit) and not resolve(root, f"origin/{branch}")
            return commit if is_alone else f"origin/{branch}"
        case {"merge_group": {"base_sha": str() as commit}}:
            return commit
        case {"before": str() as commit} if commit != _ZERO:
            return commit
    return None


def _of_pipeline(root: str) -> str | None:
    """Read the base from the predefined variables, as GitLab documents them.

    For a merge request, that is its target branch, which may have moved since the last push. In
    a fork's pipeline, origin is the fork, and its branch of that name is not the target.
    """
    said = os.environ.get
    branch = said("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
    if branch:
        project = said("CI_PROJECT_ID")
        is_here = said("CI_MERGE_REQUEST_PROJECT_ID", project) == project
        if is_here and resolve(root, f"origin/{branch}"):
            return f"origin/{branch}"
        commits = [
            said(f"CI_MERGE_REQUEST_{each}_SHA", "") for each in ("TARGET_BRANCH", "DIFF_BASE")
        ]
        # If none exists, let git say so: a guess could be the wrong base.
        return next((each for each in commits if resolve(root, each)), f"origin/{branch}")
    before = said("CI_COMMIT_BEFORE_SHA", _ZERO)  # zeros for a new branch, and in schedules
    return before if before != _ZERO and resolve(root, before) else None


def branch_base(root: str) -> tuple[str, str]:
    """Choose a base for the current branch.

    Returns:
        Its name, and the reason, for the output.

    Raises:
        CannotJudgeError: There is no candidate.
    """
    branch = _branch(root)
    form = "--format=%(upstream:short)%00%(upstream:remoteref)"
    said = ask(root, "for-each-ref", form, f"refs/heads/{branch}") if branch else ""
    upstream, _, there = said.partition("\0")
    if upstream and there != f"refs/heads/{branch}":
        return upstream, f"the upstream of {branch}"
    for name in _USUAL:
        if resolve(root, name):
            short = ask(root, "rev-parse", "--abbrev-ref", name) if "HEAD" in name else ""
            return short or name, "the default base; use --onto to change it"
    raise CannotJudgeError(
        f"no base: this branch has no upstream, and none of {', '.join(_USUAL)} exists; "
        + _without_base(root)
    )


def _without_base(root: str) -> str:
    other = "name the base with --against or --onto"
    remotes = ask(root, "remote").splitlines()
    if not remotes:
        return other
    remote = "origin" if "origin" in remotes else remotes[0]
    return f"{explain_missing(root, f'{remote}/main')}, or {other}"


def _branch(root: str) -> str:
    """Return the current branch, or the one being rebased; empty if there is none."""
    for folder in REBASES:
        try:
            with open(git_path(root, f"{folder}/head-name"), encoding="utf-8") as file:
                return file.read().strip().removeprefix("refs/heads/")
        except (OSError, ValueError):
            continue
    return ask(root, "symbolic-ref", "--quiet", "--short", "HEAD")


def git_path(root: str, name: str) -> str:
    """Return the path of one of git's own files."""
    return os.path.join(root, ask(root, "rev-parse", "--git-path", name))


def ask(root: str, *arguments: str) -> str:
    """Return git's answer, stripped; empty if git refuses."""
    try:
        return os.fsdecode(git(root, *arguments)).strip()
    except GitRefusedError:
        return ""


def git_merge_command(
    root: str, base: str, folders: Iterable[str], head_files: Mapping[str, str] | None = None
) -> str:
    """Return the command that merges a base, and commits what is changed in some folders.

    A hook would refuse to commit either of the two without the other. git merges only if nothing
    is staged.

    Args:
        root: The repository root.
        base: The name of the base.
        folders: Those of the changes, relative to the root.
        head_files: Files that both sides change, and the command that resolves each, to be run
            in the root.
    """
    folders, head_files = [*folders], head_files or {}
    merge = f"git merge --no-commit {shlex.quote(base)}"
    changed = git(
        root, "status", "--porcelain", "--untracked-files=normal", "--", *_places(folders)
    )
    if not changed and not head_files:
        return f"git merge {shlex.quote(base)}"
    top = "" if os.path.samefile(os.curdir, root) else ":/"
    paths = " ".join(shlex.quote(top + each) for each in (*folders, *head_files))
    staged = git(root, "diff", "--cached", "--name-only")
    steps = ["git restore --staged :/"] if staged else []
    if head_files:
        # git merges over no changed file; what stops it afterwards is the conflict in this one.
        steps += [_as_committed(root, path, top) for path in head_files]
        merge = f"({merge} || git rev-parse -q --verify MERGE_HEAD)"
    writes = [
        f"(cd {shlex.quote(root)} && {each})" if top else each for each in head_files.values()
    ]
    return " && ".join([*steps, merge, *writes, f"git add -A -- {paths}", "git commit"])


def _as_committed(root: str, path: str, top: str) -> str:
    """Return the command that takes back what is not committed of a file."""
    if git(root, "ls-tree", "--full-tree", "HEAD", "--", path):
        return f"git checkout -- {shlex.quote(top + path)}"
    return f"rm -f {shlex.quote(os.path.relpath(os.path.join(root, path)))}"


def _places(folders: Iterable[str]) -> list[str]:
    return [f":(literal,top){folder}" for folder in folders]


def explain_missing(root: str, wanted: str = "") -> str:
    """Return how to bring a branch, or the commits that a shallow clone lacks, into this clone.

    It is the end of a message, and fits where this runs; empty if fetching would not help.

    Args:
        root: The repository root.
        wanted: What git does not know here, by the name that the user gave it; empty if only
            commits below what is here are missing.
    """
    remotes = ask(root, "remote").splitlines()
    if not remotes:
        return "this clone has no remote to fetch it from"
    remote, branch, is_qualified = _on_remote(root, remotes, wanted)
    deeper = is_shallow(root)
    if not branch and not deeper:
        return ""
    run = f"run `{_fetch(root, remote, branch, deeper=deeper)}`"
    if deeper:
        run = _in_ci(run)
    if is_qualified:
        return run
    name = f"`{remote}/{branch}`"
    if not deeper and resolve(root, f"{remote}/{branch}"):
        return f"name it {name}"
    return f"if `{remote}` has a branch of that name, {run}, and name it {name}"


def _on_remote(root: str, remotes: list[str], wanted: str) -> tuple[str, str, bool]:
    """Return the remote to fetch from, what to fetch, and whether the name says both."""
    usual = "origin" if "origin" in remotes else remotes[0]
    name = re.split(r"[~^@:]", wanted.removeprefix("refs/remotes/"), maxsplit=1)[0]
    if not name or resolve(root, name):
        return usual, "", True  # what is missing lies below what is here
    if _COMMIT.fullmatch(name):
        return usual, name, True
    for remote in sorted(remotes, key=len, reverse=True):
        if name.startswith(f"{remote}/"):
            return remote, name.removeprefix(f"{remote}/"), True
    return usual, name.removeprefix("refs/heads/"), False


_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def _fetch(root: str, remote: str, branch: str, *, deeper: bool) -> str:
    """Return the command that fetches a branch, also into a single-branch clone."""
    words = ["git", "fetch", *(["--unshallow"] if deeper else []), remote]
    is_kept = keeps_all_branches(root, remote) or _COMMIT.fullmatch(branch)
    if branch:
        words.append(branch if is_kept else f"{branch}:refs/remotes/{remote}/{branch}")
    return shlex.join(words)


def keeps_all_branches(root: str, remote: str) -> bool:
    """Whether a fetch brings all branches of a remote, unlike in a single-branch clone."""
    written = ask(root, "config", "--get-all", f"remote.{remote}.fetch")
    return not written or "refs/heads/*" in written


def _in_ci(run: str) -> str:
    """Put the setting first that makes a job clone all commits."""
    if os.environ.get("GITHUB_ACTIONS"):
        return f"set `fetch-depth: 0` for actions/checkout, or {run} in a step before this one"
    if os.environ.get("GITLAB_CI"):
        return f'set the variable `GIT_DEPTH: "0"` for this job, or {run} before this'
    return run
