"""One throwaway database with what works on it: an agent that runs steps, a camera over it.

Knows that the three come and go together; nothing of passes.
"""

from revgate.roundtrip.client import Agent
from revgate.roundtrip.server import Server
from revgate.roundtrip.snapshot import Camera, Snapshot


class Bench:
    """One database with an agent on it and a camera over it."""

    def __init__(self, agent: Agent, server: Server, head: str) -> None:
        self._server = server
        self.agent = agent
        self.address = server.create_database()
        self.camera: Camera | None = None
        try:
            started = agent.begin(self.address, head)
            self.camera = Camera(self.address, *started)
        except BaseException:
            self.close()
            raise

    def take(self) -> Snapshot:
        """Take a snapshot."""
        assert self.camera  # noqa: S101 - set unless __init__ raised
        return self.camera.take()

    def close(self) -> None:
        """End the agent and drop the database."""
        self.agent.close()
        if self.camera:
            self.camera.close()
        self._server.drop_database(self.address)
