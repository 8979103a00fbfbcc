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
    """How much a finding matters: an error makes the exit code 1, a warning does not."""

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
        revision: InFile,
        position: Position,
        message: str,
        *,
        help: str,  # noqa: A002 - the contract's own word
        related: Sequence[Related] = (),
    ) -> Finding:
        """Build a finding at a position of a revision's file."""
        line, column = position
        return cls(message, help, revision.path, line, column, revision.id, tuple(related))
