"""Writes the upgrade as an SQL script with env.py's offline mode, without touching the database."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

from revgate import __version__
from revgate.errors import UsageError
from revgate.roundtrip.agent_client import Agent

if TYPE_CHECKING:
    from revgate.environments import Environment
    from revgate.roundtrip.options import Options


def write(
    path: str,
    environment: Environment,
    start: str,
    head: str,
    options: Options,
    lock_timeout: float,
) -> None:
    """Write what `alembic upgrade START:HEAD --sql` would, with a `lock_timeout`.

    Args:
        path: The file, which must not exist yet.
        environment: Whose revisions.
        start: The database's current revision; `base` for an empty one.
        head: The revision to upgrade to.
        options: How env.py is run.
        lock_timeout: Seconds.

    Raises:
        UsageError: The file exists already, or cannot be written.
        CannotJudgeError: env.py has no working offline mode.
    """
    with closing(Agent(environment, options)) as agent:
        sql = agent.script(start, head)
    text = (
        f"-- {start} to {head} of {environment.script_location}, by revgate {__version__}\n"
        "\\set ON_ERROR_STOP on\n"
        f"SET lock_timeout = '{lock_timeout:g}s';\n\n{sql}"
    )
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path} already exists and is not overwritten") from None
    except OSError as error:
        raise UsageError(f"{os.fspath(path)} cannot be written: {error.strerror}") from None
