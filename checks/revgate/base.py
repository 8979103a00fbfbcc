"""Which base a branch is judged against, where nobody names it.

Knows the events of GitHub Actions and the upstream branches of git; nothing of histories.
"""

import json
import os
from typing import Any

from revgate.errors import CannotJudgeError
from revgate.git import GitRefusedError, git

_ZERO = "0" * 40


def find_base(root: str, written: str) -> str:
    """Return the base: what is written, or for `auto` what event or branch say.

    Raises:
        CannotJudgeError: Neither tells.
    """
    if written != "auto":
        return written
    base = _of_event(root) if os.environ.get("GITHUB_EVENT_PATH") else None
    base = base or _upstream(root)
    if base is None:
        raise CannotJudgeError(
            "no base to judge against: this branch has no upstream and there is no origin/HEAD;"
            " name it with --against, or set one with `git branch --set-upstream-to`"
        )
    return base


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
            return _known(root, f"origin/{branch}") or commit
        case {"merge_group": {"base_sha": str() as commit}}:
            return commit
        case {"before": str() as commit} if commit != _ZERO:
            return commit
    return None


def _upstream(root: str) -> str | None:
    return _known(root, "@{upstream}") or _known(root, "origin/HEAD")


def _known(root: str, name: str) -> str | None:
    try:
        output: Any = git(root, "rev-parse", "--verify", "--quiet", "--abbrev-ref", name)
    except GitRefusedError:
        return None
    return output.decode().strip() or None
