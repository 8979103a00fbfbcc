"""The options of a run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from revgate.errors import UsageError
from revgate.postgres.preparation import Preparation
from revgate.source import read_regular

if TYPE_CHECKING:
    from revgate.environments import Environment


STEP_TIMEOUT = 600.0
"""Seconds that one step can take by default."""


class Release(NamedTuple):
    """What the target branch has of an environment: the code that runs while it is migrated."""

    environment: Environment
    """As the target branch has it."""
    commit: str
    heads: tuple[str, ...]


class Options(NamedTuple):
    """How the history of an environment runs, for every command that runs it."""

    root: str
    """The repository root, an absolute path."""
    database_url: str | None = None
    """The URL of a *server*; the database that it names is never written to."""
    python: str | None = None
    """The interpreter that has the project's packages; searched for if None."""
    expect_tables: int | None = None
    """Tables at the head; see `for_environment`."""
    env: tuple[tuple[str, str], ...] = ()
    """Environment variables for env.py."""
    timeout: float | None = STEP_TIMEOUT
    """Seconds that one step can take; None for no limit."""
    progress: bool = False
    """Whether to show progress bars."""
    x_arguments: tuple[str, ...] = ()
    """Passed to env.py like `alembic -x key=value`."""
    new: frozenset[str] | None = None
    """Ids of the revisions that the target branch lacks; None if there is no target branch."""
    release: Release | None = None
    """What runs at the moment; None if there is no target branch, or it has no revision."""
    shard: tuple[int, int] | None = None
    """The number of this job, from 1, and how many jobs share the steps."""
    jobs: int | None = None
    """How many parts of the run work at the same time; the number of processors if None."""
    rows: bool = True
    """Whether the history also runs on populated tables."""
    cached: bool = True
    """Whether what the base's revisions build may be kept on a server that stays, and used."""
    network: bool = False
    """Whether env.py may open network connections."""
    schema_file: str | None = None
    """What the schema at the head is compared with; see `for_environment`."""
    major: int | None = None
    """The major version that a server of our own should have, if this machine has it."""
    prepared: Preparation = Preparation()
    """What the throwaway has before the first revision."""
    judges_schema: bool = False
    """Whether to follow what upgrades do to the schema, for the rules of the group `schema`."""
    ignore_objects: tuple[str, ...] = ()
    """Patterns of objects that are not compared with the history or the models."""
    require_isolation: bool = False
    """Whether to end the run if the kernel cannot isolate it."""

    def for_environment(self, environment: Environment) -> Options:
        """Return the options with what the settings say of an environment.

        A number of tables that the user gave counts for all of them.

        Raises:
            UsageError: The file that `prepare` names cannot be read.
        """
        scope = environment.scope
        tables = scope.expect_tables if self.expect_tables is None else self.expect_tables
        return self._replace(
            expect_tables=tables,
            schema_file=scope.schema_file,
            prepared=self._prepared_by(scope.prepare),
        )

    def _prepared_by(self, path: str | None) -> Preparation:
        """Return what the throwaway has before the first revision, with a file of SQL.

        Raises:
            UsageError: The file cannot be read.
        """
        if path is None:
            return self.prepared
        try:
            sql = read_regular(os.path.join(self.root, path)).decode()
        except (OSError, ValueError):
            raise UsageError(f"`prepare` is {path!r}, which cannot be read as text") from None
        return self.prepared._replace(sql_file=path, sql=sql)
