"""A throwaway database together with the agent that migrates it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from revgate.errors import CannotJudgeError
from revgate.postgres.snapshot import Key, Snapshot, Snapshotter
from revgate.roundtrip.answers import Done, Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from revgate.postgres.connect import Address
    from revgate.postgres.server import Server
    from revgate.roundtrip.agent_client import Agent


class AgentDatabase:
    """A throwaway database, with an agent that migrates it and a snapshotter that reads it."""

    def __init__(
        self,
        agent: Agent,
        server: Server,
        head: Sequence[str],
        template: Address | None = None,
        original: AgentDatabase | None = None,
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
            original: The same as the template, if it was one of these.
            context: The number of the migration context to step through, from 0.
            visible: Tells which objects are not another's; None for all.

        Raises:
            CannotJudgeError: There is no database, or env.py does not reach its migrations.
        """
        self._server = server
        self.agent = agent
        self.address = server.create_database(template)
        self._snapshotter: Snapshotter | None = None
        self._visible = visible
        self._original = original._snapshotter if original else None
        try:
            create = partial(server.create_next_to, self.address)
            self.started = agent.begin(self.address, head, create, context=context)
        except BaseException:
            self.close()
            raise

    def step(self, function: str, revision: str, *, watch: bool = False) -> Done | Failed:
        """Run a step as `Agent.step` does.

        Raises:
            CannotJudgeError: The server has ended, so that a failure says nothing.
        """
        answer = self.agent.step(function, revision, watch=watch)
        if isinstance(answer, Failed):
            self._server.raise_if_gone()
        return answer

    def take_snapshot(self, expected: Snapshot | None = None) -> Snapshot:
        """Take a snapshot; see `Snapshotter.take`."""
        if self._snapshotter is None:
            self._snapshotter = Snapshotter(
                *self.started[:3], visible=self._visible, original=self._original
            )
        return self._snapshotter.take(expected)

    def leave(self, expected: Snapshot) -> None:
        """Take a last snapshot and disconnect; the database stays to be copied.

        Args:
            expected: What the snapshot should equal.
        """
        self.take_snapshot(expected)
        try:
            self.agent.end()
        except CannotJudgeError:  # of no interest: the steps are committed
            self.agent.close()
        if self._snapshotter:
            self._snapshotter.close()

    def close(self) -> None:
        """End the agent, and drop the database."""
        self.agent.close()
        if self._snapshotter:
            self._snapshotter.close()
        self._server.drop_database(self.address)
