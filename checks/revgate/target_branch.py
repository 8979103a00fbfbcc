"""Which base a branch is judged against, where nobody names it.

Knows the events of GitHub Actions, the variables of GitLab CI and the upstream branches of git;
nothing of histories.
"""

from __future__ import annotations

import json
import os

from revgate.errors import CannotJudgeError
from revgate.git import GitRefusedError, git

_ZERO = "0" * 40
_USUAL = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
REBASES = ("rebase-merge", "rebase-apply")
"""The folders that git keeps while a rebase waits, one for each way of doing it."""


def find_base(root: str, written: str) -> str:
    """Return the base: what is written, or for `auto` what event or branch say.

    Raises:
        CannotJudgeError: Neither tells.
    """
    if written != "auto":
        return written
    base = _of_event(root) if os.environ.get("GITHUB_EVENT_PATH") else None
    base = base or (_of_pipeline(root) if os.environ.get("GITLAB_CI") else None)
    return base or branch_base(root)[0]


def _of_event(root: str) -> str | None:
    """Read the event as the documentation of GitHub's webhooks describes it.

    The base of a pull request is named by its branch: the commit in the event is that of the
    moment when the pull request was last pushed to, and the branch may have moved since.
    """
    try:
        with open(os.environ["GITHUB_EVENT_PATH"], encoding="utf-8") as file:
            event = json.load(file)
    except (OSError, ValueError) as error:
        raise CannotJudgeError(f"the event of GitHub Actions cannot be read: {error}") from None
    match event:
        case {"pull_request": {"base": {"ref": str() as branch, "sha": str() as commit}}}:
            there = ask(root, "rev-parse", "--verify", "--quiet", f"origin/{branch}")
            return f"origin/{branch}" if there else commit
        case {"merge_group": {"base_sha": str() as commit}}:
            return commit
        case {"before": str() as commit} if commit != _ZERO:
            return commit
    return None


def _of_pipeline(root: str) -> str | None:
    """Read the variables as GitLab's documentation describes them.

    The base of a merge request is its target branch, which may have moved since its last push. In a
    pipeline of a fork, origin is the fork, and its branch of that name is not the target.
    """
    said = os.environ.get
    branch = said("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
    if branch:
        project = said("CI_PROJECT_ID")
        is_here = said("CI_MERGE_REQUEST_PROJECT_ID", project) == project
        if is_here and _is_commit(root, f"origin/{branch}"):
            return f"origin/{branch}"
        commits = [
            said(f"CI_MERGE_REQUEST_{each}_SHA", "") for each in ("TARGET_BRANCH", "DIFF_BASE")
        ]
        # Where there is none, git shall say so: a base that is guessed would be another one.
        return next((each for each in commits if _is_commit(root, each)), f"origin/{branch}")
    before = said("CI_COMMIT_BEFORE_SHA", _ZERO)  # zeros for a new branch, and in a schedule
    return before if before != _ZERO and _is_commit(root, before) else None


def _is_commit(root: str, name: str) -> bool:
    return bool(name) and bool(ask(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"))


def branch_base(root: str) -> tuple[str, str]:
    """Choose the base of the branch that is checked out.

    Returns:
        Its name, and why it is that, as an output says it.

    Raises:
        CannotJudgeError: There is none to choose.
    """
    branch = _branch(root)
    form = "--format=%(upstream:short)%00%(upstream:remoteref)"
    said = ask(root, "for-each-ref", form, f"refs/heads/{branch}") if branch else ""
    upstream, _, there = said.partition("\0")
    if upstream and there != f"refs/heads/{branch}":
        return upstream, f"the upstream of {branch}"
    for name in _USUAL:
        if ask(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"):
            short = ask(root, "rev-parse", "--abbrev-ref", name) if "HEAD" in name else ""
            return short or name, "the usual base; another with --onto"
    raise CannotJudgeError(
        f"no base: this branch has no upstream, and there is none of {', '.join(_USUAL)};"
        " `git fetch origin main` brings one, or name it with --against or --onto"
    )


def _branch(root: str) -> str:
    """Return the branch that is checked out, or that is being rebased; empty where none."""
    for folder in REBASES:
        try:
            with open(git_path(root, f"{folder}/head-name"), encoding="utf-8") as file:
                return file.read().strip().removeprefix("refs/heads/")
        except (OSError, ValueError):
            continue
    return ask(root, "symbolic-ref", "--quiet", "--short", "HEAD")


def git_path(root: str, name: str) -> str:
    """Return the path of a file that git keeps for itself."""
    return os.path.join(root, ask(root, "rev-parse", "--git-path", name))


def ask(root: str, *arguments: str) -> str:
    """Return what git answers in one line; empty where it refuses."""
    try:
        return os.fsdecode(git(root, *arguments)).strip()
    except GitRefusedError:
        return ""
