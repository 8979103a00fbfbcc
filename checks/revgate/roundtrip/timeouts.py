"""What an agent was doing when its time was up: the statement, what blocks it, and the line."""

from __future__ import annotations

import os
import re
import signal
import time
from typing import IO

from revgate.errors import CannotJudgeError
from revgate.postgres.connect import Address, connect
from revgate.text import truncate

_STACK_SECONDS = 1.0
_MAX_LENGTH = 200
_RUNNING = """
    SELECT a.query, coalesce(a.wait_event_type, '') = 'Lock',
        (SELECT string_agg(DISTINCT coalesce(nullif(b.query, ''), b.backend_type), '; ')
         FROM pg_stat_activity b WHERE b.pid = ANY (pg_blocking_pids(a.pid)))
    FROM pg_stat_activity a
    WHERE a.datname = %s AND a.pid <> pg_backend_pid() AND a.state = 'active'
    ORDER BY a.query_start
"""


def describe_activity(address: Address | None, pid: int, output: IO[bytes], root: str) -> str:
    """Return lines about what an agent is doing, each after a line feed.

    Args:
        address: The database that it works on; None if it has none yet.
        pid: Its process.
        output: The file that receives its standard error.
        root: The folder of the project, whose lines are reported.
    """
    place = _current_line(pid, output, root)
    lines = [f"at {place}"] if place else []
    return "".join(f"\n{line}" for line in lines + (_statements(address) if address else []))


def _statements(address: Address) -> list[str]:
    try:
        connection = connect(address)
    except CannotJudgeError:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_RUNNING, (address.database,))
        found = cursor.fetchall()
    connection.close()
    return [_describe_statement(*each) for each in found] or ["no statement was running"]


def _describe_statement(
    query: str,
    waits: bool,  # noqa: FBT001 - a row
    blockers: str | None,
) -> str:
    sentence = f"the statement was `{_short(query)}`"
    if not waits:
        return sentence
    held = f", held by a session whose last statement was `{_short(blockers)}`" if blockers else ""
    return f"{sentence}, which waits for a lock{held}"


def _short(statement: str) -> str:
    return truncate(" ".join(statement.split()), _MAX_LENGTH, "...")


def _current_line(pid: int, output: IO[bytes], root: str) -> str:
    """Return the line of the project that the main thread executes, from its stack trace."""
    begin = output.seek(0, os.SEEK_END)
    try:
        os.kill(pid, signal.SIGUSR1)
    except (OSError, AttributeError):
        return ""
    until = time.monotonic() + _STACK_SECONDS
    found: list[tuple[str, str]] = []
    while not found and time.monotonic() < until:
        time.sleep(0.05)
        output.seek(begin)
        stack = output.read().decode("utf-8", "replace")
        found = re.findall(r'^  File "(.+)", line (\d+) in ', stack, re.MULTILINE)
    output.seek(begin)
    output.truncate()  # the stack trace is ours, not env.py's output
    for path, line in found:
        if _is_of_project(path, root):
            return f"{os.path.relpath(path, root)}:{line}"
    return ""


def _is_of_project(path: str, root: str) -> bool:
    inside = os.path.realpath(path).startswith(os.path.realpath(root) + os.sep)
    return inside and "site-packages" not in path and f"{os.sep}roundtrip{os.sep}agent" not in path
