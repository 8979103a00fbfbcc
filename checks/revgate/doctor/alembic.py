"""`revgate alembic`: runs a command of Alembic on the database that is named."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from revgate.checking.history import one_history
from revgate.doctor.target import find_database
from revgate.errors import UsageError
from revgate.postgres.descendants import ending_descendants
from revgate.roundtrip.agent_client import Agent
from revgate.roundtrip.interpreter import run_folders
from revgate.roundtrip.interruption import orderly_end

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from revgate.roundtrip.options import Options
    from revgate.settings import Settings
    from revgate.source import Source


def run(
    source: Source,
    settings: Settings,
    environment: str | None,
    url: str | None,
    words: Sequence[str],
    options: Options,
    say: Callable[[str], None],
) -> int:
    """Run a command of Alembic with env.py's connections going to one database.

    Args:
        source: The repository.
        settings: Its settings.
        environment: The name of an environment; None for the only one.
        url: The database; None for that of `DATABASE_URL`.
        words: The command with its arguments.
        options: How env.py is run.
        say: Writes what the command prints.

    Raises:
        UsageError: No command or no database is named.
        CannotJudgeError: The command fails.
    """
    if not words:
        raise UsageError("name a command of Alembic, such as `revgate alembic current`")
    read, _ = one_history(source, settings, environment)
    found = read.history.environment
    target = find_database(options.root, url, run_folders(found, options.root))
    # The limit is for rehearsals: a long step on real rows must not be interrupted.
    unlimited = options._replace(timeout=None)
    with (
        orderly_end(),
        ending_descendants(),
        closing(Agent(found, unlimited, network=True)) as agent,
    ):
        say(agent.command(target.address, words))
    return 0
