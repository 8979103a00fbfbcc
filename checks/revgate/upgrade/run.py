"""env.py's own upgrade, on the one database that was chosen, again where it did not get a lock.

Knows the agent and what its failures mean; nothing of backups or questions.
"""

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any, NamedTuple

from revgate.environments import Environment
from revgate.errors import CannotJudgeError
from revgate.roundtrip.client import Agent
from revgate.roundtrip.connect import Address
from revgate.roundtrip.options import Options
from revgate.upgrade.waiting import open_transactions

LOCK_NOT_AVAILABLE = "55P03"


class Patience(NamedTuple):
    """How long to wait for a lock, and how often."""

    lock_timeout: float
    """Seconds; where env.py sets `lock_timeout` itself, that holds."""
    attempts: int
    pause: float
    """Seconds between two attempts, in which others go on."""


def upgrade(
    address: Address,
    environment: Environment,
    head: str,
    options: Options,
    patience: Patience,
    say: Callable[[str], None],
) -> dict[str, Any] | None:
    """Upgrade a database to the head, in the transactions that env.py asks for.

    Args:
        address: The database; every connection of env.py goes there, whatever it names.
        environment: Whose revisions.
        head: The revision to upgrade to.
        options: How env.py is run.
        patience: What is done about locks.
        say: Is told, in lines, what is waited for.

    Returns:
        None where all is done; else what the agent tells of the step that failed.

    Raises:
        CannotJudgeError: env.py does not come to its migrations, or goes to a second database.
    """
    for attempt in range(1, patience.attempts + 1):
        failed = _attempt(address, environment, head, options, patience.lock_timeout)
        if failed is None or failed["sqlstate"] != LOCK_NOT_AVAILABLE:
            return failed
        where = f"`{failed['revision']}`, line {failed['line']}"
        say(f"attempt {attempt} of {patience.attempts}: no lock for {where}; it was rolled back\n")
        say("".join(f"    {each}\n" for each in open_transactions(address)))
        if attempt < patience.attempts:
            time.sleep(patience.pause)
    return failed


def _attempt(
    address: Address, environment: Environment, head: str, options: Options, lock_timeout: float
) -> dict[str, Any] | None:
    # The limit is for rehearsals: what takes long on real rows must not be cut off half-way.
    with closing(Agent(environment, options._replace(timeout=None))) as agent:
        agent.begin(address, head, _refuse, production=True, lock_timeout=lock_timeout)
        answer = agent.finish()
    return answer if answer["event"] == "failed" else None


def _refuse(_name: str) -> None:
    raise CannotJudgeError(
        "env.py goes to a second database, which was neither looked at nor backed up: choose one"
        " environment or section for each database"
    )
