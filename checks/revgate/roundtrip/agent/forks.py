"""Processes that have imported Alembic and SQLAlchemy, and start agents as copies of themselves.

The first one, the preloader, imports; no user code runs in it. For each round trip, a copy of it
isolates itself and becomes a fork server, whose copies become agents. Each is asked by a message on
a socket, and ends once the other end is closed.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import socket
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .channel import Unusable
from .script import versions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_NEEDED = (
    "alembic.autogenerate.api",
    "alembic.config",
    "alembic.runtime.environment",
    "alembic.script",
    "sqlalchemy.dialects.postgresql",
)
_COMMON = ("asyncio", "sqlalchemy.orm", "psycopg2", "sqlalchemy.dialects.postgresql.psycopg2")
"""What most projects import as well, as far as it is installed."""
_AGENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "__main__.py")


def preload(run: Callable[[], None], programs: Sequence[str]) -> None:
    """Import, and start a fork server for each request, until the client is gone.

    Args:
        run: The agent's main function.
        programs: revgate's Python, and its modules `descendants` and `isolation`.
    """
    with suppress(Unusable):  # the agent reports it
        versions()
        for name in _NEEDED:
            importlib.import_module(name)
        for name in _COMMON:
            with suppress(ImportError):
                importlib.import_module(name)
    # Of modules that Python imports at its start; they would be missing in a copy.
    begin = _start_afresh if threading.active_count() > 1 else run
    requests = socket.socket(fileno=os.dup(0))
    while True:
        _, descriptors, _, _ = socket.recv_fds(requests, 16, 3)
        _reap()
        if not descriptors:
            return
        if os.fork() == 0:
            requests.close()
            _serve(begin, programs[:2], _become_server(descriptors, programs[2]))
        for each in descriptors:
            os.close(each)


def _become_server(descriptors: Sequence[int], isolation: str) -> int:
    """Take the folder and variables of a round trip, and isolate this process.

    Args:
        descriptors: The socket for requests, a file that describes the round trip, and a pipe that
            is closed when this process ends.
        isolation: The path of a module.

    Returns:
        The pipe.
    """
    requests, description, alive = descriptors
    os.setsid()
    with os.fdopen(description, encoding="utf-8") as file:
        wanted: dict[str, Any] = json.load(file)
    os.dup2(requests, 0)
    os.close(requests)
    os.set_inheritable(alive, False)  # noqa: FBT003 - it has no keyword
    with suppress(OSError):  # the agent reports it
        os.chdir(wanted["folder"])
    os.environ.clear()
    os.environ.update(wanted["variables"])
    time.tzset()
    module = _load(isolation)
    module.adopt_orphans()
    if wanted["keep"] is not None:
        module.enter(wanted["keep"])
    return alive


def _load(path: str) -> Any:
    spec = importlib.util.spec_from_file_location("revgate_isolation", path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _serve(begin: Callable[[], None], end: Sequence[str], alive: int) -> None:
    """Start an agent for each request.

    A request has four file descriptors: the agent's standard input, output and error, and a pipe
    for its process id and, once it has ended, its exit code (negative for a signal).

    Args:
        begin: Becomes the agent.
        end: The command that ends the descendants of the process that it replaces.
        alive: A pipe that agents do not hold open.
    """
    requests = socket.socket(fileno=os.dup(0))
    while True:
        message, descriptors, _, _ = socket.recv_fds(requests, 16, 4)
        _reap()
        if message == b"end":
            os._exit(0)
        if not descriptors:  # the client was killed
            os.execv(end[0], [end[0], "-I", "-S", *end[1:], "end"])  # noqa: S606 - ours
        if os.fork() == 0:
            requests.close()
            os.close(alive)
            _supervise(descriptors, begin)
        for each in descriptors:
            os.close(each)


def _reap() -> None:
    """Forget the children that have ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _supervise(descriptors: list[int], begin: Callable[[], None]) -> None:
    """Start the agent, and report how it ends."""
    *streams, status = descriptors
    agent = os.fork()
    if agent == 0:
        _become_agent(streams, status)
        begin()
    for each in streams:
        os.close(each)
    _, how = os.waitpid(agent, 0)
    with suppress(OSError):
        os.write(status, b"%d\n" % _exit_code(how))
    os._exit(0)


def _exit_code(how: int) -> int:
    return -os.WTERMSIG(how) if os.WIFSIGNALED(how) else os.WEXITSTATUS(how)


def _become_agent(streams: list[int], status: int) -> None:
    os.setsid()
    for number, each in enumerate(streams):
        os.dup2(each, number)
        os.close(each)
    os.write(status, b"%d\n" % os.getpid())
    os.close(status)


def _start_afresh() -> None:
    os.execv(sys.executable, [sys.executable, _AGENT])  # noqa: S606 - this same program
