"""One throwaway database with what works on it: an agent that runs steps, a camera over it.

Knows that the three come and go together; nothing of passes.
"""

from functools import partial
from typing import TYPE_CHECKING

from revgate.roundtrip.client import Agent
from revgate.roundtrip.connect import Address
from revgate.roundtrip.server import Server
from revgate.roundtrip.snapshot import Camera, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable


class Bench:
    """One database with an agent on it and a camera over it."""

    def __init__(
        self,
        agent: Agent,
        server: Server,
        head: str,
        template: Address | None = None,
        *,
        context: int = 0,
    ) -> None:
        """Make the database, and begin env.py on it.

        Args:
            agent: One that has not begun yet.
            server: Where the database is made.
            head: The revision that env.py is told to upgrade to.
            template: A database of ours to copy, that nobody is connected to; else it is empty.
            context: The number of the time that env.py runs its migrations, from 0, to step.

        Raises:
            CannotJudgeError: There is no database, or env.py does not come to its migrations.
        """
        self._server = server
        self.sees: Callable[[Snapshot], Snapshot] = lambda snapshot: snapshot
        """What of a snapshot is looked at."""
        self.agent = agent
        self.address = server.create_database(template)
        self.camera: Camera | None = None
        try:
            make = partial(server.create_beside, self.address)
            self.started = agent.begin(self.address, head, make, context=context)
            self.camera = Camera(*self.started[:3])
        except BaseException:
            self.close()
            raise

    def take(self) -> Snapshot:
        """Take a snapshot."""
        assert self.camera  # noqa: S101 - set unless __init__ raised
        return self.sees(self.camera.take())

    def close(self) -> None:
        """End the agent and drop the database."""
        self.agent.close()
        if self.camera:
            self.camera.close()
        self._server.drop_database(self.address)
