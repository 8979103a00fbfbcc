"""Lists pull requests and sets commit statuses through GitHub's API, using PyGithub.

The client waits and retries where GitHub asks for it or fails briefly, within the limits below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from revgate.errors import CannotJudgeError, RevgateError, UsageError
from revgate.pulls.pull import Pull

if TYPE_CHECKING:
    from collections.abc import Callable

    from revgate.pulls.pull import Repository

T = TypeVar("T")
_PAGE = 100
_MOST_STATUS_PAGES = 10
_TRIES = 4
LONGEST_WAIT = 60
"""Seconds to wait for a rate limit to reset."""
_TIMEOUT = 30


class RefusedError(RevgateError):
    """GitHub refused one request; others may continue."""

    def __init__(self, status: int, said: str) -> None:
        self.status = status
        super().__init__(f"GitHub answers {status}: {said}")


class Status(NamedTuple):
    """What identifies a commit status; its link differs at every run."""

    state: str
    description: str


class Client:
    """One repository on GitHub, or on a GitHub Enterprise Server."""

    def __init__(self, repository: Repository) -> None:
        """Prepare the client without connecting.

        Raises:
            UsageError: The client is not installed.
        """
        try:
            import github
            import requests
        except ImportError:
            raise UsageError(
                "`revgate pulls` needs an extra: pip install 'revgate[github]'"
            ) from None
        self._repository = repository
        self._path = f"/repos/{repository.name}"
        self._refusal = github.GithubException
        self._limit = github.RateLimitExceededException
        self._broken = (requests.exceptions.RequestException, AssertionError, ValueError)
        self._client = github.Github(
            auth=github.Auth.Token(repository.token),
            base_url=repository.api.rstrip("/"),
            timeout=_TIMEOUT,
            per_page=_PAGE,
            lazy=True,
            # How fast statuses may be set is up to the caller, who knows how many there are.
            seconds_between_requests=None,
            seconds_between_writes=None,
            retry=github.GithubRetry(
                total=_TRIES,
                backoff_factor=0.2,
                max_rate_limit_wait=LONGEST_WAIT,
                retry_after_max=LONGEST_WAIT,
            ),
        )

    def open_pulls(self, *, labels: bool = False) -> list[Pull]:
        """Return the open pull requests into the base, by number.

        Raises:
            CannotJudgeError: GitHub cannot be reached, or refuses.
        """

        def ask() -> list[Pull]:
            found = self._client.get_repo(self._repository.name).get_pulls(
                state="open", base=self._repository.base, sort="created", direction="asc"
            )
            return [
                Pull(
                    each.number,
                    each.head.sha,
                    bool(each.draft),
                    tuple(label.name for label in each.labels) if labels else (),
                )
                for each in found
            ]

        try:
            found = self._answer(ask)
        except RefusedError as error:
            raise CannotJudgeError(
                f"the pull requests of {self._repository.name} cannot be listed: {error}"
            ) from None
        # A pull request opened during the listing shifts the others to another page.
        return sorted({pull.number: pull for pull in found}.values())

    def status(self, commit: str, context: str) -> Status | None:
        """Return the current status with a given name.

        Raises:
            RefusedError: The commit no longer exists.
            CannotJudgeError: GitHub can no longer be reached.
        """
        seen = 0
        for page in range(1, _MOST_STATUS_PAGES + 1):
            found = self._request(
                "GET",
                f"{self._path}/commits/{commit}/status",
                parameters={"per_page": _PAGE, "page": page},
            )
            statuses = found.get("statuses", [])
            for each in statuses:
                if each.get("context") == context:
                    return Status(str(each.get("state")), str(each.get("description") or ""))
            seen += len(statuses)
            if not statuses or seen >= found.get("total_count", 0):
                break
        return None

    def set_status(self, commit: str, context: str, status: Status) -> None:
        """Set a commit status.

        Raises:
            RefusedError: 404 or 422: the commit is gone, or already has a thousand statuses.
            CannotJudgeError: GitHub cannot be reached, or the request limit is exhausted.
        """
        body = {"context": context, **status._asdict()}
        if self._repository.link:
            body["target_url"] = self._repository.link
        self._request("POST", f"{self._path}/statuses/{commit}", input=body)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _request(self, verb: str, path: str, **words: Any) -> dict[str, Any]:
        data = self._answer(
            lambda: self._client.requester.requestJsonAndCheck(verb, path, **words)[1]
        )
        return data if isinstance(data, dict) else {}

    def _answer(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except self._limit as error:
            raise CannotJudgeError(f"GitHub's request limit is exhausted: {_said(error)}") from None
        except self._refusal as error:
            if error.status in (401, 429) or error.status >= 500:
                raise CannotJudgeError(f"GitHub answers {error.status}: {_said(error)}") from None
            raise RefusedError(error.status, _said(error)) from None
        except self._broken as error:
            said = str(error).replace(self._repository.token, "***")
            raise CannotJudgeError(
                f"{self._repository.api} cannot be reached: {said:.300}"
            ) from None


def _said(error: Any) -> str:
    """Return the message from GitHub."""
    data = error.data
    words = [data.get("message")] if isinstance(data, dict) else [data]
    details = data.get("errors") if isinstance(data, dict) else None
    words += [each.get("message") for each in details or () if isinstance(each, dict)]
    return "; ".join(str(word) for word in words if word)[:300] or "nothing"
