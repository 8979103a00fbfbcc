"""Finds out what a report is about: the repository, its branch and commit, and the date."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.errors import CannotJudgeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.source import Source

_COMMIT_CHARACTERS = 12
_AT_HOST = re.compile(r"^(?:[a-z][a-z0-9+.-]*://[^/]*/|[^/:]+:(?!//))(?P<path>.+)$", re.IGNORECASE)


class About(NamedTuple):
    """What a report is about; empty where that is not known."""

    repository: str = ""
    """Such as `owner/name`; never a URL, which may contain a password."""
    branch: str = ""
    commit: str = ""
    """Its abbreviated id."""
    committed: str = ""
    """When, in UTC, to the minute."""
    checked: str = ""
    """The day of the run, in UTC."""

    @property
    def words(self) -> tuple[str, ...]:
        """What is known, in reading order."""
        dates = (("committed", self.committed), ("checked", self.checked))
        said = [f"{verb} {date}" for verb, date in dates if date]
        return (*filter(None, (self.repository, self.branch, self.commit)), *said)


def find(source: Source) -> About:
    """Find out what is checked: from a CI that runs in this repository, and from git."""
    import datetime as dt

    now = dt.datetime.now(dt.UTC)
    checked = f"{now:%Y-%m-%d}"
    try:
        repository, branch, commit = _known(source)
        commit, committed = _commit(source.root, commit)
    except CannotJudgeError:  # no git, or one that refuses
        return About(os.path.basename(source.root), checked=checked)
    return About(repository, branch, commit, committed, checked)


def _known(source: Source) -> tuple[str, str, str]:
    """Return the repository, the branch and a name of the commit."""
    root, revision = source.root, getattr(source, "revision", None) or "HEAD"
    repository, branch, commit = next(_of_ci(root), ("", "", ""))
    from revgate.target_branch import ask

    repository = repository or _name(ask(root, "config", "--get", "remote.origin.url"), root)
    if _is_at_head(root, revision):
        branch = branch or ask(root, "symbolic-ref", "--quiet", "--short", "HEAD")
        return repository, branch, commit or revision
    return repository, "", revision


def _is_at_head(root: str, revision: str) -> bool:
    from revgate.git import resolve

    return revision == "HEAD" or resolve(root, revision) == resolve(root, "HEAD")


def _of_ci(root: str) -> Iterator[tuple[str, str, str]]:
    """Yield what the variables of GitHub Actions or GitLab CI say, if they are about this clone."""
    said = os.environ.get
    if _is_within(root, said("GITHUB_WORKSPACE", "")):
        event = _event()
        head = (event.get("pull_request") or {}).get("head") or {}
        branch = said("GITHUB_HEAD_REF") or said("GITHUB_REF_NAME", "")
        yield said("GITHUB_REPOSITORY", ""), branch, str(head.get("sha") or "")
    if _is_within(root, said("CI_PROJECT_DIR", "")):
        branch = said("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME") or said("CI_COMMIT_REF_NAME", "")
        yield said("CI_PROJECT_PATH", ""), branch, said("CI_COMMIT_SHA", "")


def _is_within(root: str, folder: str) -> bool:
    above = os.path.realpath(folder)
    return bool(folder) and os.path.join(os.path.realpath(root), "").startswith(
        os.path.join(above, "")
    )


def _event() -> dict[str, Any]:
    try:
        with open(os.environ.get("GITHUB_EVENT_PATH", ""), encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    pull = found.get("pull_request") if isinstance(found, dict) else None
    is_usual = isinstance(pull, dict) and isinstance(pull.get("head"), dict)
    return found if is_usual else {}


def _name(url: str, root: str) -> str:
    """Return owner and name from the URL of a remote; the name of the folder if it is a path."""
    found = _AT_HOST.match(url.removesuffix("/").removesuffix(".git"))
    parts = found["path"].strip("/").split("/") if found else []
    return "/".join(parts[-2:]) or os.path.basename(root)


def _commit(root: str, name: str) -> tuple[str, str]:
    """Return the abbreviated id of a commit and when it was made; empty if there is none."""
    from revgate.target_branch import ask

    words = ("show", "--no-patch", "--no-show-signature", "--format=%H %ct", "--end-of-options")
    found = ask(root, *words, f"{name}^{{commit}}") if name else ""
    key, _, seconds = found.partition(" ")
    if not seconds.isdigit():
        return name[:_COMMIT_CHARACTERS] if name != "HEAD" else "", ""
    import datetime as dt

    made = dt.datetime.fromtimestamp(int(seconds), dt.UTC)
    return key[:_COMMIT_CHARACTERS], f"{made:%Y-%m-%d %H:%M} UTC"
