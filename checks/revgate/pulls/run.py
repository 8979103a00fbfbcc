"""Runs `revgate pulls`: list the open pull requests, fetch, judge, set statuses.

A failure on one pull request does not affect the others.
"""

from __future__ import annotations

import os
import time
from contextlib import closing
from typing import TYPE_CHECKING

from revgate.errors import CannotJudgeError, UsageError
from revgate.pulls import heads
from revgate.pulls.github import Client, RefusedError, Status
from revgate.pulls.judge import Base, with_rivals
from revgate.pulls.pull import Outcome, Pull, Repository, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.pulls.pull import PullsOptions

_UNHURRIED = 60
"""Statuses that may be set in quick succession; GitHub accepts 80 a minute."""
_PAUSE = 1.0


def from_variables(repository: str | None, base: str | None) -> Repository:
    """Fill in what the command line omits from the variables of GitHub Actions.

    Raises:
        CannotJudgeError: There is no token.
        UsageError: No repository or no base was given.
    """
    variables = os.environ.get
    repository = repository or variables("GITHUB_REPOSITORY")
    if not repository or repository.count("/") != 1:
        raise UsageError("which repository? --repository OWNER/NAME, or GITHUB_REPOSITORY")
    base = base or (variables("GITHUB_REF_NAME") if _on_a_branch() else None)
    if not base:
        raise UsageError("which base? --base BRANCH, or GITHUB_REF_NAME on a push to a branch")
    token = variables("GITHUB_TOKEN")
    if not token:
        raise CannotJudgeError("there is no GITHUB_TOKEN, so GitHub was not asked")
    server, run = variables("GITHUB_SERVER_URL"), variables("GITHUB_RUN_ID")
    link = f"{server}/{repository}/actions/runs/{run}" if server and run else None
    api = variables("GITHUB_API_URL") or "https://api.github.com"
    return Repository(repository, base, token, api, server or None, link)


def _on_a_branch() -> bool:
    return os.environ.get("GITHUB_REF_TYPE", "branch") == "branch"


def run(options: PullsOptions, repository: Repository) -> Outcome:
    """Judge every open pull request, and set a commit status on each head.

    Raises:
        CannotJudgeError: The pull requests cannot be listed, or the base cannot be judged.
    """
    with closing(Client(repository)) as client:
        listed = client.open_pulls(labels=options.label is not None)
        fetched = heads.fetch(
            options.root, options.remote, repository, [each.number for each in listed]
        )
        verdicts = with_rivals(_judged(options, listed, fetched))
        told, problem = _tell(options, client, verdicts)
    return Outcome(repository, fetched.base, tuple(told), problem)


def _judged(options: PullsOptions, listed: Sequence[Pull], fetched: heads.Heads) -> list[Verdict]:
    """Judge the heads that were fetched: they may have moved since they were listed."""
    base = Base(options, fetched.base)
    there = [
        each._replace(head=fetched.pulls[each.number])
        for each in listed
        if each.number in fetched.pulls
    ]
    vanished = [
        Verdict(each, problem="its head no longer exists")
        for each in listed
        if each.number not in fetched.pulls
    ]
    return sorted([*base.judge(there), *vanished], key=lambda each: each.pull.number)


def _tell(
    options: PullsOptions, client: Client, verdicts: Sequence[Verdict]
) -> tuple[list[Verdict], str | None]:
    """Set the statuses; return the outcome of each, and why any were not set."""
    told: list[Verdict] = []
    problem = None
    changed = 0
    for each in verdicts:
        if problem is not None:
            told.append(each._replace(status="not set", note="GitHub was not asked again"))
            continue
        if changed > _UNHURRIED:
            time.sleep(_PAUSE)
        try:
            status = _set(options, client, each)
        except RefusedError as error:
            told.append(each._replace(status="not set", note=str(error)))
            continue
        except CannotJudgeError as error:
            problem = str(error)
            status = "not set"
        changed += status == "set"
        told.append(each._replace(status=status, note=problem or ""))
    return told, problem or _all_refused(told)


def _set(options: PullsOptions, client: Client, verdict: Verdict) -> str:
    """Set one status unless it is already set: a commit can hold a thousand."""
    status = Status(verdict.state, verdict.description)
    if client.status(verdict.pull.head, options.context) == status:
        return "unchanged"
    if options.dry_run:
        return "would be set"
    client.set_status(verdict.pull.head, options.context, status)
    return "set"


def _all_refused(told: Sequence[Verdict]) -> str | None:
    """Report when no status at all could be set: no single pull request is the cause."""
    judged = [each for each in told if each.problem is None]
    if judged and all(each.status == "not set" for each in judged):
        return f"no status could be set: {judged[0].note}; the token needs `statuses: write`"
    return None
