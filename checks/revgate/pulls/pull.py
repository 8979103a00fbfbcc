"""Pull requests and their verdicts, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from revgate.findings import ERROR
from revgate.text import printable, truncate

if TYPE_CHECKING:
    from revgate.checking.selection import Request
    from revgate.findings import Finding

LONGEST_DESCRIPTION = 140
"""Characters that GitHub takes in the description of a commit status."""


class PullsOptions(NamedTuple):
    """The options of `revgate pulls`."""

    root: str
    request: Request
    remote: str = "origin"
    context: str = "revgate"
    """The name of the commit status."""
    label: str | None = None
    """What a reviewer gives to a pull request that may change published revisions."""
    cached: bool = True
    dry_run: bool = False


class Repository(NamedTuple):
    """A repository on GitHub, and the token to access it."""

    name: str
    """`owner/name`."""
    base: str
    """The target branch of the pull requests."""
    token: str
    api: str = "https://api.github.com"
    server: str | None = None
    """The server git sends the token to, such as `https://github.com`; None to send none."""
    link: str | None = None
    """The target of a status's link."""


class Pull(NamedTuple):
    """One open pull request, as GitHub lists it."""

    number: int
    head: str
    draft: bool = False
    labels: tuple[str, ...] = ()


class Verdict(NamedTuple):
    """The result of merging one pull request into the current base."""

    pull: Pull
    findings: tuple[Finding, ...] = ()
    problem: str | None = None
    """Why there is no verdict."""
    concerned: bool = True
    """Whether it changes anything that revgate checks."""
    added: frozenset[tuple[str, str, str]] = frozenset()
    """Environment, id and path of each revision that it adds."""
    anchors: frozenset[tuple[str, str]] = frozenset()
    """Environment and id of each published revision that gets a child; "" for none."""
    rivals: tuple[int, ...] = ()
    """Clean pull requests that would fork the history together with this one."""
    status: str = ""
    """The outcome for the commit status: `set`, `unchanged`, `not set`, or `would be set`."""
    note: str = ""
    """Why it was not set."""

    @property
    def errors(self) -> int:
        """The number of findings of severity error."""
        return sum(finding.severity is ERROR for finding in self.findings)

    @property
    def state(self) -> str:
        """The state in GitHub's words."""
        if self.problem is not None:
            return "error"
        return "failure" if self.errors else "success"

    @property
    def description(self) -> str:
        """The verdict in at most `LONGEST_DESCRIPTION` characters."""
        if self.problem is not None:
            return _short(f"could not be judged: {self.problem}")
        if self.errors:
            first = next(each for each in self.findings if each.severity is ERROR)
            more = f" (and {self.errors - 1} more)" if self.errors > 1 else ""
            return _short(f"{first.rule}: {first.message}", more)
        if self.rivals:
            return f"clean, but forks with {_numbers(self.rivals)}: whichever merges second fails"
        if not self.concerned:
            return "clean: touches no revision"
        return "clean: still one line after the merge"


class Outcome(NamedTuple):
    """The result of one run."""

    repository: Repository
    commit: str
    """The base that was judged."""
    verdicts: tuple[Verdict, ...]
    problem: str | None = None
    """Why the run ended early; the verdicts show what was done before."""

    @property
    def errors(self) -> int:
        """The number of pull requests that have errors or no verdict."""
        return sum(verdict.state != "success" for verdict in self.verdicts)


def _short(text: str, suffix: str = "") -> str:
    line = printable(" ".join(text.replace("`", "").split()))
    return truncate(line, LONGEST_DESCRIPTION - len(suffix)) + suffix


def _numbers(numbers: tuple[int, ...]) -> str:
    shown = ", ".join(f"#{number}" for number in numbers[:5])
    return shown if len(numbers) <= 5 else f"{shown} and {len(numbers) - 5} more"
