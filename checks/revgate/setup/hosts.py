"""Detect a repository's CI from its files and remotes, and the file that runs revgate there."""

from __future__ import annotations

import os
import re

from revgate import __version__
from revgate.git import git
from revgate.reports import HOME

HOSTS = ("github", "gitlab")
WORKFLOW = ".github/workflows/revgate.yml"
PIPELINE = ".gitlab-ci.yml"
TEMPLATE = "docs/gitlab/revgate.gitlab-ci.yml"


def hosts(root: str) -> tuple[str, ...]:
    """Return the CI hosts of the repository; GitHub if nothing shows one.

    Returns:
        `github`, `gitlab`, both, or none if its remote is elsewhere.
    """
    remotes = _remotes(root)
    here = {
        "github": os.path.isdir(os.path.join(root, ".github")),
        "gitlab": os.path.isfile(os.path.join(root, PIPELINE)),
    }
    known = tuple(each for each in HOSTS if here[each] or any(each in remote for remote in remotes))
    return known or (() if remotes else ("github",))


def _remotes(root: str) -> list[str]:
    """Return the host of each remote that is not a local folder."""
    output = git(root, "config", "--get-regexp", r"^remote\..*\.url$", accept=(0, 1))
    addresses = [os.fsdecode(line).partition(" ")[2] for line in output.splitlines()]
    found = [re.match(r"(?:[a-z+]+://)?(?:[^@/]*@)?([\w.-]+\.\w+)[:/]", each) for each in addresses]
    return [match[1].lower() for match in found if match]


def workflow() -> str:
    """Return the workflow for GitHub."""
    with open(os.path.join(os.path.dirname(__file__), "workflow.yml"), encoding="utf-8") as file:
        return file.read().replace("VERSION", __version__)


def include() -> str:
    """Return the entry below `include:` for GitLab."""
    raw = HOME.replace("https://github.com/", "https://raw.githubusercontent.com/")
    return f"- remote: {raw}/v{__version__}/{TEMPLATE}\n"


def runs_on_github(root: str) -> str | None:
    """Return the workflow that already runs revgate."""
    folder = os.path.join(root, ".github", "workflows")
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    for name in names:
        if name.endswith((".yml", ".yaml")) and _calls(os.path.join(folder, name)):
            return f".github/workflows/{name}"
    return None


def runs_on_gitlab(root: str) -> str | None:
    """Return the pipeline file if it already runs revgate."""
    return PIPELINE if _calls(os.path.join(root, PIPELINE)) else None


_CALL = re.compile(
    rb"^[^#\n]*(\brevgate/revgate[@/]|\brevgate (check|gate|roundtrip|pulls)\b|revgate\.gitlab-ci)",
    re.MULTILINE,
)


def _calls(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return _CALL.search(file.read()) is not None
    except OSError:
        return False
