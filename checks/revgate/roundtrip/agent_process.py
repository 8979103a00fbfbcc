"""Starts the processes that agents run in.

Importing Alembic and SQLAlchemy takes longer than most histories: a `ForkServer` does it once for
all agents of a round trip, which are copies of it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
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
    folder: str
    environ: Mapping[str, str]
    sealed: bool
    """Whether the kernel is to refuse it the network."""

    @property
    def words(self) -> list[str]:
        """The command of one agent."""
        words = [self.python, _AGENT]
        return isolation.command(words, keep=_sockets(), adopt="orphans") if self.sealed else words

    @property
    def preloader(self) -> tuple[str, ...]:
        """The command of a process whose copies become agents."""
        modules = (sys.executable, descendants.__file__, isolation.__file__)
        words = [self.python, _AGENT, "--preload", *modules]
        return tuple(
            isolation.command(words, keep=_sockets(), first="yes") if self.sealed else words
        )


def _sockets() -> str:
    """Return what the paths of sockets begin with that an agent may see."""
    return os.path.join(temporary_folder(), own_prefix())


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
    environ = {**os.environ, **dict(options.env)}
    environ.pop("REVGATE_DATABASE_URL", None)  # its password is none of env.py's business
    return AgentCommand(python, folders[0], environ, not (network or options.network))


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
    """A process that starts the agents of one round trip; see `agent/forks.py`."""

    def __init__(self, command: AgentCommand) -> None:
        """Start it, without waiting for what it imports."""
        self._command = command
        # Elsewhere, system libraries do not expect to be used after a fork.
        if sys.platform != "linux":
            return
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._alive, alive = os.pipe()
        description = {
            "folder": command.folder,
            "variables": dict(command.environ),
            "keep": _sockets() if command.sealed else None,
        }
        with theirs, tempfile.TemporaryFile() as file:
            file.write(json.dumps(description).encode())
            file.seek(0)
            _start_server(command, [theirs.fileno(), file.fileno(), alive])
        os.close(alive)

    def start_agent(self, stderr: IO[bytes]) -> AgentProcess:
        """Start an agent; without a copy if none can be made.

        Raises:
            CannotJudgeError: The interpreter cannot be executed.
        """
        forked = sys.platform == "linux" and self._fork(stderr)
        return forked or AgentProcess(self._command, stderr)

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
        with suppress(OSError):
            self._requests.send(b"end")
        self._requests.close()
        select.select([self._alive], [], [], _SECONDS)  # closed at its end
        os.close(self._alive)


_SECONDS = 10.0
_PRELOADERS: dict[tuple[object, ...], tuple[subprocess.Popen[bytes], socket.socket]] = {}
_ONE_AT_A_TIME = threading.Lock()
_AT_START = ("LANG", "LANGUAGE", "HOME", "TZ", "OPENSSL_CONF")
"""Variables that matter to Python, or to what is imported, when it starts."""
_BEGINNINGS = ("PYTHON", "LC_", "LD_", "SQLALCHEMY_")


def preload(command: AgentCommand) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start a process that imports Alembic, unless there is one; return it and its socket.

    It ends with this process, or with the run in which it was started.

    Raises:
        OSError: The interpreter cannot be executed.
    """
    key = (command.preloader, *sorted(_at_start(command.environ).items()))
    if key not in _PRELOADERS or _PRELOADERS[key][0].poll() is not None:
        _, requests = _PRELOADERS.pop(key, (None, None))
        if requests:
            requests.close()
        _PRELOADERS[key] = _start_preloader(command)
    return _PRELOADERS[key]


def _start_server(command: AgentCommand, descriptors: list[int]) -> None:
    """Ask a preloader for a fork server."""
    with _ONE_AT_A_TIME, suppress(OSError):  # the first agent reports the error
        socket.send_fds(preload(command)[1], [b"server"], descriptors)


def _at_start(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environ.items()
        if name in _AT_START or name.startswith(_BEGINNINGS)
    }


def _start_preloader(command: AgentCommand) -> tuple[subprocess.Popen[bytes], socket.socket]:
    requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            command.preloader,
            env=command.environ,
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    return process, requests
