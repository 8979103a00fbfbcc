"""A throwaway database together with the agent that migrates it."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from revgate.postgres.connect import connect
from revgate.postgres.snapshot import Key, Snapshot, Snapshotter
from revgate.roundtrip.answers import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from revgate.history.revision import Revision
    from revgate.postgres.connect import Address
    from revgate.postgres.server import Server
    from revgate.roundtrip.agent_client import Agent, MigrationContext
    from revgate.roundtrip.answers import Attempted, Done

_NO_TABLES = "SELECT 0::oid LIMIT 0"


class AgentDatabase:
    """A throwaway database, with an agent that migrates it and a snapshotter that reads it."""

    def __init__(
        self,
        agent: Agent,
        server: Server,
        head: Sequence[str],
        template: Address | None = None,
        *,
        context: int = 0,
        visible: Callable[[Key], bool] | None = None,
    ) -> None:
        """Create the database, and start env.py on it.

        Args:
            agent: One that has no job yet.
            server: Where the database is created.
            head: The revisions that env.py is asked to upgrade to.
            template: A database of ours to copy, without connections; an empty one if None.
            context: The number of the migration context to step through, from 0.
            visible: Tells which objects are not another's; None for all.

        Raises:
            CannotJudgeError: There is no database, or env.py does not reach its migrations.
        """
        self._server = server
        self._head = head
        self._context = context
        self.agent = agent
        self.address = server.create_database(template)
        self._snapshotter: Snapshotter | None = None
        self._visible = visible
        try:
            self.started = self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> MigrationContext:
        create = partial(self._server.create_next_to, self.address)
        return self.agent.begin(self.address, self._head, create, context=self._context)

    def restart(self, agent: Agent) -> None:
        """Start env.py again on the same database.

        Args:
            agent: One that has no job yet.
        """
        self.agent.close()
        self.agent = agent
        self.started = self._begin()

    def step(self, function: str, revision: str, *, watch: bool = False) -> Done | Failed:
        """Run a step as `Agent.step` does.

        Raises:
            CannotJudgeError: The server has ended, so that a failure says nothing.
        """
        answer = self.agent.step(function, revision, watch=watch)
        if isinstance(answer, Failed):
            self._server.raise_if_gone()
        return answer

    def upgrade(self, revisions: Iterable[Revision]) -> str:
        """Upgrade revisions; return the id of the first that fails, empty if none does."""
        ids = (each.id for each in revisions)
        return next((id_ for id_ in ids if isinstance(self.step("upgrade", id_), Failed)), "")

    def try_downgrade(self, revision: str) -> Attempted:
        """Try the downgrade of the latest revision, and take it back; see `Agent.attempt`."""
        tried = self.agent.attempt(revision, _NO_TABLES, again=False, watch=False, drops=True)
        if tried.failed:
            self._server.raise_if_gone()
        return tried

    def take_snapshot(self, expected: Snapshot | None = None) -> Snapshot:
        """Take a snapshot; see `Snapshotter.take`."""
        if self._snapshotter is None:
            self._snapshotter = Snapshotter(*self.started[:3], visible=self._visible)
        return self._snapshotter.take(expected)

    def execute(self, statements: Sequence[str]) -> bool:
        """Run statements of our own in one transaction; return whether there are any, and all ran.

        It changes the schema behind env.py's back, which a snapshot has to follow.
        """
        import psycopg2

        if not statements:
            return False
        try:
            with closing(connect(self.started.address)) as connection:
                connection.cursor().execute("\n".join(("SET lock_timeout = '5s';", *statements)))
        except psycopg2.Error:
            return False
        return True

    def close(self) -> None:
        """End the agent, and drop the database."""
        self.agent.close()
        if self._snapshotter:
            self._snapshotter.close()
        self._server.drop_database(self.address)
