"""What the caller decides about a round trip."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from revgate.environments import Environment


STEP_TIMEOUT = 600.0
"""Seconds that one step may take, unless the user says otherwise."""


class Options(NamedTuple):
    """All that a round trip is told beside the environment and its revisions."""

    root: str
    """The repository root, an absolute path."""
    database_url: str | None = None
    """A *server*; the database it names is never written to."""
    python: str | None = None
    """The interpreter that has the project's packages; found when None."""
    expect_tables: int | None = None
    env: tuple[tuple[str, str], ...] = ()
    """Variables that env.py wants."""
    timeout: float | None = STEP_TIMEOUT
    """Seconds that one step may take; None waits for ever."""
    progress: bool = False
    x_arguments: tuple[str, ...] = ()
    """As `alembic -x key=value` takes them."""
    new: frozenset[str] | None = None
    """Revisions that the base lacks, of which only those are stepped; None where there is none."""
    shard: tuple[int, int] | None = None
    """Number, from 1, and count of the jobs that share the steps."""
    rows: bool = True
    """Whether the history also runs on tables that have rows."""
    cached: bool = True
    """Whether what the base's revisions build may be kept on a server that stays, and used."""

    def for_environment(self, environment: Environment) -> Options:
        """Return the options with `expect-tables` of an environment, unless the user gave one."""
        if self.expect_tables is not None:
            return self
        return self._replace(expect_tables=environment.scope.expect_tables)
