"""The result of a run. Every report is made from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from revgate.findings import ERROR, WARNING

if TYPE_CHECKING:
    from revgate.environments import Environment
    from revgate.findings import Finding
    from revgate.roundtrip.observed import RoundTrip


class Allowed(NamedTuple):
    """A finding that an inline `allow` suppressed."""

    finding: Finding
    reason: str
    """From the comment; an empty reason is a finding of its own."""


class Judged(NamedTuple):
    """One environment as a report shows it."""

    environment: Environment
    revisions: int
    files: int
    heads: tuple[str, ...]
    bases: tuple[str, ...]


class Result(NamedTuple):
    """Everything that one run found."""

    command: str
    environments: tuple[Judged, ...]
    findings: tuple[Finding, ...]
    taken_back: tuple[Allowed, ...] = ()
    """Findings that inline comments suppress. The summary counts them."""
    roundtrips: tuple[RoundTrip, ...] = ()
    """One for each environment whose round trip ran."""
    notes: tuple[str, ...] = ()
    """What was not checked, and why. Every report shows them."""

    base: str = ""
    """The base that `--against auto` found; empty where the user named one."""

    ignored: int = 0
    """Findings of rules that are ignored or not selected: counted, but not shown."""

    problem: str = ""
    """Why the round trip of an environment could not run; empty if none was to, or all did."""

    suppressed: bool = True
    """Whether formats that can mark a finding as suppressed include those."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """The base that was found, then the notes: what reports say in addition to findings."""
        found = (f"the base is `{self.base}`, by `--against auto`",) if self.base else ()
        return (*found, *self.notes, *self.problem.splitlines())

    @property
    def allowed(self) -> int:
        """The number of findings that an inline `allow` suppressed."""
        return len(self.taken_back)

    @property
    def errors(self) -> int:
        """The number of findings of severity error."""
        return sum(finding.severity is ERROR for finding in self.findings)

    @property
    def warnings(self) -> int:
        """The number of findings of severity warning."""
        return sum(finding.severity is WARNING for finding in self.findings)
