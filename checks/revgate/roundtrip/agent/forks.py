"""A process that imports Alembic and SQLAlchemy once, and starts agents as copies of itself.

No user code runs in it. A request is one message on the socket that is its standard input, with
four file descriptors: the agent's standard input, output and error, and a pipe for its process id
and, once it has ended, its exit code (negative for a signal).
"""

from __future__ import annotations

import importlib
import os
import socket
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from .channel import Unusable
from .script import versions

if TYPE_CHECKING:
    from collections.abc import Callable

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


def serve(run: Callable[[], None], end: list[str]) -> None:
    """Start an agent for each request, until the client is gone.

    Args:
        run: The agent's main function.
        end: The command that ends the descendants of the process that it replaces.
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
        _, descriptors, _, _ = socket.recv_fds(requests, 16, 4)
        _reap()
        if not descriptors:
            os.execv(end[0], [end[0], "-I", "-S", *end[1:], "end"])  # noqa: S606 - ours
        if os.fork() == 0:
            requests.close()
            _supervise(descriptors, begin)
        for each in descriptors:
            os.close(each)


def _reap() -> None:
    """Forget the supervisors that have ended."""
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
