"""What revgate says: findings, each at one place in one file, and the result of a run.

Knows neither rules nor reports. Named tuples rather than dataclasses here and wherever a hook
passes: importing `dataclasses` costs 10 ms, a tenth of what a whole run may take.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.environments import Environment
    from revgate.history.revision import Position, Revision


class Severity(StrEnum):
    """How much a finding matters: an error makes the exit code 1, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


ERROR = Severity.ERROR
WARNING = Severity.WARNING


class Related(NamedTuple):
    """Another place that explains a finding, as the heads explain `multiple-heads`."""

    path: str
    line: int
    message: str


class Finding(NamedTuple):
    """One thing that is wrong, at one place.

    A rule fills in what it knows; its name, its severity and the environment are added by whoever
    ran the rule, so that no rule types its own name.
    """

    message: str
    """One sentence that states the fact, names in backticks, no full stop."""
    help: str
    """What to do, with the reader's own names in it."""
    path: str
    """Relative to the repository root, with forward slashes."""
    line: int = 1
    """From 1."""
    column: int = 1
    """From 1, in characters."""
    revision: str | None = None
    related: tuple[Related, ...] = ()
    rule: str = ""
    severity: Severity = ERROR
    environment: str = ""

    @classmethod
    def at(
        cls,
        revision: Revision,
        position: Position,
        message: str,
        *,
        help: str,  # noqa: A002 - the contract's own word
        related: Sequence[Related] = (),
    ) -> Finding:
        """Build a finding at a position of a revision's file."""
        line, column = position
        return cls(message, help, revision.path, line, column, revision.id, tuple(related))


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
