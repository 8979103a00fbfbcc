"""Findings: one problem each, at one place in one file.

Named tuples rather than dataclasses, here and in everything a hook runs: importing `dataclasses`
costs 10 ms, a tenth of the budget of a whole run.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

Position = tuple[int, int]
"""Line and column, both from 1."""


class Severity(StrEnum):
    """How much a finding matters: by default an error sets exit code 1, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


ERROR = Severity.ERROR
WARNING = Severity.WARNING


class InFile(Protocol):
    """A revision, as far as a finding needs it."""

    @property
    def id(self) -> str:
        """Its revision id."""

    @property
    def path(self) -> str:
        """The path of its file, relative to the repository root."""


class Related(NamedTuple):
    """Another place that explains a finding, as the heads explain `multiple-heads`."""

    path: str
    line: int
    message: str


class Finding(NamedTuple):
    """One thing that is wrong, at one place.

    A rule fills in what it knows. Its name, its severity and the environment are added by the
    code that runs it.
    """

    message: str
    """One sentence that states the fact; names in backticks, no full stop."""
    help: str
    """What to do about it, with the names from the user's code."""
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
    """A rule may set WARNING for a milder case; it then never becomes an error."""
    environment: str = ""
    table: str = ""
    """The existing table whose size decides how much it matters, quoted, with its schema."""

    @classmethod
    def at(
        cls,
        revision: InFile,
        position: Position,
        message: str,
        *,
        help: str,  # noqa: A002 - the the public name
        related: Sequence[Related] = (),
        table: str = "",
    ) -> Finding:
        """Create a finding at a position in the file of a revision."""
        line, column = position
        found = cls(message, help, revision.path, line, column, revision.id, tuple(related))
        return found._replace(table=table) if table else found

    def as_related(self) -> Related:
        """Return it as a place that belongs to another finding."""
        return Related(self.path, self.line, self.message)
