"""Which base a branch is judged against, where nobody names it.

Knows the events of GitHub Actions and the upstream branches of git; nothing of histories.
"""

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
