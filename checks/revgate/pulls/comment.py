"""Posts one comment on a pull request and updates it in place on later runs.

The comment is found again by its marker and its author. Standard library only, because the action
posts before anything is installed.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.errors import CannotJudgeError, UsageError
from revgate.reports.comment import MARK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PAGE = 100
_MOST_PAGES = 50
_TIMEOUT = 30
_MOST_BYTES = 20_000_000
"""Bytes of one response; a page of a hundred comments has at most about seven million."""


class RefusedError(CannotJudgeError):
    """GitHub refused a request."""

    def __init__(self, status: int, said: str) -> None:
        self.status = status
        super().__init__(f"GitHub answers {status}: {said}")


class PullRequest(NamedTuple):
    """A pull request, and the token that writes to it."""

    api: str
    graphql: str
    repository: str
    number: int
    token: str


def find_pull(variables: Mapping[str, str]) -> PullRequest | None:
    """Read the pull request from the variables of a workflow run.

    Returns:
        None if the event has no pull request: a push, a merge queue.

    Raises:
        UsageError: A variable is missing or wrong.
    """
    repository = variables.get("GITHUB_REPOSITORY", "")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise UsageError(f"GITHUB_REPOSITORY is {repository!r}: expected OWNER/NAME")
    token = variables.get("GITHUB_TOKEN", "")
    # http.client would quote a token that no header can hold in its error.
    if not re.fullmatch(r"[!-~]+", token):
        raise UsageError("GITHUB_TOKEN is required, and must be one word of plain characters")
    number = _number(variables.get("GITHUB_EVENT_PATH", ""))
    if number is None:
        return None
    api = variables.get("GITHUB_API_URL", "https://api.github.com").rstrip("/")
    if not re.match(r"https?://", api):
        raise UsageError(f"GITHUB_API_URL is {api!r}: expected a URL")
    # https://HOST/api/v3 on GitHub Enterprise Server has its GraphQL at https://HOST/api/graphql.
    graphql = variables.get("GITHUB_GRAPHQL_URL") or f"{api.removesuffix('/v3')}/graphql"
    return PullRequest(api, graphql, repository, number, token)


def _number(event: str) -> int | None:
    try:
        with open(event, encoding="utf-8") as file:
            number = json.load(file)["pull_request"]["number"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return number if isinstance(number, int) else None


def body(path: str, variables: Mapping[str, str]) -> str:
    """Return what to post: the report, or a notice that there is none.

    Otherwise the comment of an earlier push would keep saying that all is well.
    """
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        text = ""
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None
    if text.startswith(MARK):
        return text
    if text:
        raise UsageError(f"{path} is not a report of the format `comment`")
    server = variables.get("GITHUB_SERVER_URL", "https://github.com")
    run = f"{server}/{variables.get('GITHUB_REPOSITORY')}/actions/runs"
    log = f"[the log]({run}/{variables.get('GITHUB_RUN_ID', '')})"
    return f"{MARK}\n**revgate could not judge the migrations of this push**: {log} says why\n"


def post(pull: PullRequest, text: str) -> str:
    """Update our comment, or create it.

    Returns:
        What was done, or why it was not possible: a read-only token, such as that of a pull
        request from a fork, is not a failure.

    Raises:
        CannotJudgeError: GitHub cannot be reached, or refuses for another reason.
    """
    try:
        return _post(pull, text)
    except RefusedError as error:
        if error.status not in (403, 404):
            raise
        return (
            f"no comment: this token cannot write one ({error}): it needs the permission"
            " pull-requests: write, which a fork's pull request does not get"
        )


def _post(pull: PullRequest, text: str) -> str:
    mine = _find(pull)
    issues = f"{pull.api}/repos/{pull.repository}/issues"
    if mine is None:
        _ask(pull, "POST", f"{issues}/{pull.number}/comments", {"body": text})
        return f"commented on #{pull.number}"
    if mine["body"].replace("\r\n", "\n").strip() == text.strip():
        return f"the comment on #{pull.number} is already up to date"
    _ask(pull, "PATCH", f"{issues}/comments/{int(mine['id'])}", {"body": text})
    return f"updated the comment on #{pull.number}"


def _find(pull: PullRequest) -> dict[str, Any] | None:
    """Return the first comment with the marker that was written by the token's owner."""
    login = None
    for comment in _comments(pull):
        if not str(comment.get("body") or "").startswith(MARK):
            continue
        login = login or _login(pull)
        # Anyone can write the marker; other authors' comments are not ours to change.
        if (comment.get("user") or {}).get("login") == login:
            return comment
    return None


def _comments(pull: PullRequest) -> Iterator[dict[str, Any]]:
    """Yield the comments, oldest first, page by page."""
    base = f"{pull.api}/repos/{pull.repository}/issues/{pull.number}/comments"
    for number in range(1, _MOST_PAGES + 1):
        page = _ask(pull, "GET", f"{base}?per_page={_PAGE}&page={number}")
        if not isinstance(page, list):
            raise CannotJudgeError("GitHub's list of comments is not a list")
        yield from page
        if len(page) < _PAGE:
            return


def _login(pull: PullRequest) -> str:
    """Ask who owns the token; REST's `/user` refuses a workflow's token, GraphQL does not."""
    answer = _ask(pull, "POST", pull.graphql, {"query": "query { viewer { login } }"})
    try:
        return str(answer["data"]["viewer"]["login"])
    except (KeyError, TypeError):
        raise CannotJudgeError("GitHub does not say who owns the token") from None


def _ask(pull: PullRequest, verb: str, url: str, data: Any = None) -> Any:
    """Send one request.

    Raises:
        RefusedError: The request failed. A redirection counts as a failure, because the token would
            follow it anywhere.
        CannotJudgeError: There is no response, or it is not JSON.
    """
    import http.client
    import urllib.error
    import urllib.request

    class _Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    request = urllib.request.Request(  # noqa: S310 - http or https, checked by `find_pull`
        url,
        method=verb,
        data=None if data is None else json.dumps(data).encode(),
        headers={
            "Authorization": f"Bearer {pull.token}",
            "Accept": "application/vnd.github+json",
            "Content-Type": "application/json",
            "User-Agent": "revgate",
            "X-GitHub-Api-Version": "2022-11-28",
        },
    )
    try:
        with urllib.request.build_opener(_Stay).open(request, timeout=_TIMEOUT) as answer:
            return json.loads(answer.read(_MOST_BYTES))
    except urllib.error.HTTPError as error:
        with error:
            raise RefusedError(error.code, _said(error.read(10_000)) or error.reason) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise CannotJudgeError(f"GitHub cannot be reached: {reason}") from None


def _said(answer: bytes) -> str:
    try:
        return str(json.loads(answer)["message"])[:200]
    except (ValueError, KeyError, TypeError):
        return ""


def comment(path: str) -> str:
    """Post a report on the pull request of this workflow run, and say what was done."""
    pull = find_pull(os.environ)
    if pull is None:
        return "no comment: this event has no pull request"
    return post(pull, body(path, os.environ))
