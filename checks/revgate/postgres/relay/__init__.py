"""A relay to a named server: a Unix socket that leads only to the databases of this run.

It sees every statement that passes through it, and refuses those that would change anything else on
the server.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from revgate.errors import CannotJudgeError
from revgate.postgres.connect import RELAY_PORT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from revgate.postgres.connect import Address

_SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 3))
_BEGIN = (
    f"import sys; sys.path.insert(0, {_SOURCE!r});"
    " from revgate.postgres.relay.serve import main; main()"
)


class Relay:
    """The relay's process, which ends with this one."""

    def __init__(self, folder: str, address: Address, prefix: str, *, tls: bool) -> None:
        """Start it.

        Args:
            folder: A private folder for its socket.
            address: The server.
            prefix: What the names of this run's databases start with.
            tls: Whether to encrypt connections to the server.

        Raises:
            CannotJudgeError: The relay does not start.
        """
        self._prefix = prefix
        self.folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _BEGIN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for us, who end it
        )
        self._tell(
            path=os.path.join(folder, f".s.PGSQL.{RELAY_PORT}"),
            host=address.host,
            port=address.port,
            tls=tls,
            parameters=address.parameters,
            roles=(),
        )

    def know_roles(self, others: Iterable[str]) -> None:
        """Set the roles that existed before the run, which it must not change."""
        self._tell(roles=sorted(others))

    def _tell(self, **facts: Any) -> None:
        assert self._process.stdin  # noqa: S101 - opened as pipes
        assert self._process.stdout  # noqa: S101
        try:
            self._process.stdin.write(json.dumps(dict(facts, prefix=self._prefix)) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except OSError:
            answer = ""
        if answer != "ready\n":
            raise CannotJudgeError("the relay to the server named by `--database-url` has ended")

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def relay(folder: str, address: Address, prefix: str, *, tls: bool) -> Iterator[Relay]:
    """Run a relay for the duration of the block; see `Relay`."""
    made = Relay(folder, address, prefix, tls=tls)
    try:
        yield made
    finally:
        made.close()
