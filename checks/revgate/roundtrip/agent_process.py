"""Starts the processes that agents run in.

Importing Alembic and SQLAlchemy takes longer than most histories: a `ForkServer` does it once for
all agents of a round trip, which are copies of it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from typing import IO, TYPE_CHECKING, NamedTuple

from revgate.errors import CannotJudgeError
from revgate.postgres import descendants, isolation
from revgate.postgres.process import own_prefix, temporary_folder
from revgate.roundtrip.interpreter import find_python, run_folders

if TYPE_CHECKING:
    from collections.abc import Mapping

    from revgate.environments import Environment
    from revgate.roundtrip.options import Options

_AGENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "agent", "__main__.py")


class AgentCommand(NamedTuple):
    """How an agent is started."""

    python: str
    words: list[str]
    folder: str
    environ: Mapping[str, str]
    sealed: bool
    """Whether the kernel is to refuse it the network."""


def agent_command(
    environment: Environment, options: Options, *, network: bool = False
) -> AgentCommand:
    """Return the command for an environment.

    Args:
        environment: Whose env.py the agent executes.
        options: Of the run.
        network: Whether it works on a real database and so needs the network.
    """
    folders = run_folders(environment, options.root)
    python = find_python(options.python, folders)
    sealed = not (network or options.network)
    words = [python, _AGENT]
    if sealed:
        kept = os.path.join(temporary_folder(), own_prefix())
        words = isolation.command(words, keep=kept, adopt="orphans")
    environ = {**os.environ, **dict(options.env)}
    environ.pop("REVGATE_DATABASE_URL", None)  # its password is none of env.py's business
    return AgentCommand(python, words, folders[0], environ, sealed)


class AgentProcess:
    """A running agent, and the pipes to it."""

    pid: int

    def __init__(self, command: AgentCommand, stderr: IO[bytes]) -> None:
        """Start a process.

        Raises:
            CannotJudgeError: The interpreter cannot be executed.
        """
        try:
            process = subprocess.Popen(
                command.words,
                cwd=command.folder,
                env=command.environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,
            )
        except OSError as error:
            message = f"{command.python} cannot be started: {error.strerror}"
            raise CannotJudgeError(message) from None
        assert process.stdin  # noqa: S101 - opened as pipes
        assert process.stdout  # noqa: S101
        self.pid = process.pid
        self.stdin, self.stdout = process.stdin, process.stdout
        self._process = process

    def wait(self) -> int:
        """Wait for its end; return the exit code, negative for a signal."""
        return self._process.wait()


class ForkedProcess(AgentProcess):
    """An agent that a `ForkServer` has started."""

    def __init__(self, pid: int, stdin: int, stdout: int, status: IO[bytes]) -> None:
        self.pid = pid
        self.stdin, self.stdout = os.fdopen(stdin, "wb"), os.fdopen(stdout, "rb")
        self._status = status
        self._code: int | None = None

    def wait(self) -> int:
        """Wait for its end; return the exit code, negative for a signal."""
        if self._code is None:
            self._code = int(self._status.readline() or -signal.SIGKILL)
            self._status.close()
        return self._code


class ForkServer:
    """A process that starts agents; see `agent/forks.py`, which runs in it."""

    def __init__(self, command: AgentCommand) -> None:
        """Start it, without waiting for what it imports."""
        self._command = command
        self._process = None
        # Elsewhere, system libraries do not expect to be used after a fork.
        if sys.platform != "linux":
            return
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, suppress(OSError):  # the first agent reports the error
            self._process = subprocess.Popen(
                [*command.words, "--fork-server", sys.executable, descendants.__file__],
                cwd=command.folder,
                env=command.environ,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def start_agent(self, stderr: IO[bytes]) -> AgentProcess:
        """Start an agent; without a copy if none can be made.

        Raises:
            CannotJudgeError: The interpreter cannot be executed.
        """
        return (self._process and self._fork(stderr)) or AgentProcess(self._command, stderr)

    def _fork(self, stderr: IO[bytes]) -> AgentProcess | None:
        stdin, our_stdin = os.pipe()
        our_stdout, stdout = os.pipe()
        our_status, status = os.pipe()
        theirs = (stdin, stdout, status)
        try:
            socket.send_fds(self._requests, [b"agent"], [stdin, stdout, stderr.fileno(), status])
        except OSError:
            pass  # it has ended: the pipes close at once
        finally:
            for each in theirs:
                os.close(each)
        answers = os.fdopen(our_status, "rb")
        pid = int(answers.readline() or 0)
        if pid:
            return ForkedProcess(pid, our_stdin, our_stdout, answers)
        answers.close()
        os.close(our_stdin)
        os.close(our_stdout)
        return None

    def close(self) -> None:
        """End it; this process adopts what its agents left behind."""
        if sys.platform != "linux":
            return
        self._requests.close()
        if self._process:
            self._process.kill()
            self._process.wait()
