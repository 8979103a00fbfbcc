"""Runs env.py's own upgrade on the chosen database, and retries when a lock times out."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from revgate.doctor.database import read_only
from revgate.errors import CannotJudgeError
from revgate.postgres.descendants import ending_descendants
from revgate.roundtrip.agent_client import Agent
from revgate.roundtrip.answers import Failed
from revgate.roundtrip.interruption import orderly_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from revgate.environments import Environment
    from revgate.postgres.connect import Address
    from revgate.roundtrip.options import Options

LOCK_NOT_AVAILABLE = "55P03"


class Patience(NamedTuple):
    """How long to wait for a lock, and how many times."""

    lock_timeout: float
    """Seconds; a `lock_timeout` that env.py sets takes precedence."""
    attempts: int
    pause: float
    """Seconds between two attempts, in which other sessions can proceed."""


def upgrade(
    address: Address,
    environment: Environment,
    head: str,
    options: Options,
    patience: Patience,
    say: Callable[[str], None],
) -> Failed | None:
    """Upgrade a database to the head, in the transactions that env.py configures.

    Args:
        address: The database; every connection of env.py is directed there.
        environment: Whose revisions.
        head: The revision to upgrade to.
        options: How env.py is run.
        patience: How locks are waited for.
        say: Receives lines about what the upgrade waits for.

    Returns:
        None on success; otherwise the agent's answer for the step that failed.

    Raises:
        CannotJudgeError: env.py does not reach its migrations, or connects to a second database.
    """
    for attempt in range(1, patience.attempts + 1):
        failed = _attempt(address, environment, head, options, patience.lock_timeout)
        if failed is None or failed.sqlstate != LOCK_NOT_AVAILABLE:
            return failed
        where = f"`{failed.revision}`, line {failed.line}"
        say(f"attempt {attempt} of {patience.attempts}: lock timeout at {where}; rolled back\n")
        say("".join(f"    {each}\n" for each in open_transactions(address)))
        if attempt < patience.attempts:
            time.sleep(patience.pause)
    return failed


def _attempt(
    address: Address, environment: Environment, head: str, options: Options, lock_timeout: float
) -> Failed | None:
    # The limit is for rehearsals: a long step on real rows must not be interrupted.
    unlimited = options._replace(timeout=None)
    with (
        orderly_end(),
        ending_descendants(),
        closing(Agent(environment, unlimited, network=True)) as agent,
    ):
        agent.begin(address, [head], _refuse, production=True, lock_timeout=lock_timeout)
        answer = agent.finish()
    return answer if isinstance(answer, Failed) else None


def _refuse(_name: str) -> None:
    raise CannotJudgeError(
        "env.py connects to a second database, which was neither examined nor backed up: use one"
        " environment or section for each database"
    )


_OPEN = """
    SELECT pid, coalesce(usename, ''), coalesce(nullif(application_name, ''), 'no name'),
           extract(epoch FROM clock_timestamp() - xact_start)::int, coalesce(state, ''),
           left(regexp_replace(coalesce(query, ''), '\\s+', ' ', 'g'), 80)
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
      AND clock_timestamp() - xact_start > interval '2 seconds'
    ORDER BY xact_start LIMIT 5
"""


def open_transactions(address: Address) -> list[str]:
    """Describe each transaction that has been open for more than 2 seconds, the oldest first."""
    with read_only(address) as connection, connection.cursor() as cursor:
        cursor.execute(_OPEN)
        return [
            f"open for {seconds} s: process {pid} of {user} ({name}), {state}: {query}"
            for pid, user, name, seconds, state, query in cursor.fetchall()
        ]
