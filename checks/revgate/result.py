"""The result of a run, from which every report is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.findings import ERROR, WARNING

if TYPE_CHECKING:
    from revgate.environments import Environment
    from revgate.findings import Finding


class Allowed(NamedTuple):
    """A finding that an inline `allow` took back."""

    finding: Finding
    reason: str
    """As the comment says it; may be empty, which is a finding of its own."""


class Judged(NamedTuple):
    """One environment as a report shows it."""

    environment: Environment
    revisions: int
    files: int
    heads: tuple[str, ...]
    bases: tuple[str, ...]


class Result(NamedTuple):
    """All that one run found; what every report is made from."""

    command: str
    environments: tuple[Judged, ...]
    findings: tuple[Finding, ...]
    taken_back: tuple[Allowed, ...] = ()
    """What inline comments allow; each counts in the summary, and no report calls it wrong."""
    roundtrip: dict[str, Any] | None = None
    """As the JSON contract has it; None when the round trip did not run."""
    notes: tuple[str, ...] = ()
    """What was not looked at, and why: said in every report, never silently left out."""

    suppressed: bool = True
    """Whether a format that can mark a finding as allowed may show it."""

    @property
    def allowed(self) -> int:
        """The number of findings that an inline `allow` took back."""
        return len(self.taken_back)

    @property
    def errors(self) -> int:
        """The number of findings of severity error."""
        return sum(finding.severity is ERROR for finding in self.findings)

    @property
    def warnings(self) -> int:
        """The number of findings of severity warning."""
        return sum(finding.severity is WARNING for finding in self.findings)
