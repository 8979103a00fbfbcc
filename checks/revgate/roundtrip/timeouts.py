"""What an agent was doing when its time was up: the statement, what it waits for, and the line.

Knows the server's list of sessions and the stack that Python writes on a signal; decides nothing.
"""

from __future__ import annotations

import os
import re
import signal
import time
from typing import IO

from revgate.errors import CannotJudgeError
from revgate.postgres.connect import Address, connect

_STACK_SECONDS = 1.0
_RUNNING = """
    SELECT a.query, coalesce(a.wait_event_type, '') = 'Lock',
        (SELECT string_agg(DISTINCT coalesce(nullif(b.query, ''), b.backend_type), '; ')
         FROM pg_stat_activity b WHERE b.pid = ANY (pg_blocking_pids(a.pid)))
    FROM pg_stat_activity a
    WHERE a.datname = %s AND a.pid <> pg_backend_pid() AND a.state = 'active'
    ORDER BY a.query_start
"""


def describe_hang(address: Address | None, pid: int, said: IO[bytes], below: str) -> str:
    """Return lines about what an agent does at this moment, each after a line feed.

    Args:
        address: The database it works on; None where it has none yet.
        pid: Its process.
        said: The file that its standard error goes to.
        below: The folder of the project, whose lines are of interest.
    """
    place = _place(pid, said, below)
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
    return [_sentence(*each) for each in found] or ["no statement was running"]


def _sentence(query: str, waits: bool, blockers: str | None) -> str:  # noqa: FBT001 - a row
    sentence = f"the statement was `{_short(query)}`"
    if not waits:
        return sentence
    held = f", held by a session whose last statement was `{_short(blockers)}`" if blockers else ""
    return f"{sentence}, which waits for a lock{held}"


def _short(statement: str, length: int = 200) -> str:
    line = " ".join(statement.split())
    return line if len(line) <= length else line[: length - 3] + "..."


def _place(pid: int, said: IO[bytes], below: str) -> str:
    """Return the line of the project that is being executed, from the stack of the main thread."""
    begin = said.seek(0, os.SEEK_END)
    try:
        os.kill(pid, signal.SIGUSR1)
    except (OSError, AttributeError):
        return ""
    until = time.monotonic() + _STACK_SECONDS
    found: list[tuple[str, str]] = []
    while not found and time.monotonic() < until:
        time.sleep(0.05)
        said.seek(begin)
        stack = said.read().decode("utf-8", "replace")
        found = re.findall(r'^  File "(.+)", line (\d+) in ', stack, re.MULTILINE)
    said.seek(begin)
    said.truncate()  # it is ours, not what env.py said
    for path, line in found:
        if _is_of_project(path, below):
            return f"{os.path.relpath(path, below)}:{line}"
    return ""


def _is_of_project(path: str, below: str) -> bool:
    inside = os.path.realpath(path).startswith(os.path.realpath(below) + os.sep)
    return inside and "site-packages" not in path and f"{os.sep}roundtrip{os.sep}agent" not in path
