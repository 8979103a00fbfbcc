"""Builds databases in one go: what some revisions make of an empty one."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from revgate.errors import CannotJudgeError
from revgate.postgres.clients import find_clients
from revgate.postgres.roles import Roles
from revgate.postgres.schema_text import schema_text
from revgate.postgres.server import throwaway
from revgate.roundtrip.agent_client import Agent
from revgate.roundtrip.answers import Failed
from revgate.roundtrip.order import heads_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.environments import Environment
    from revgate.history.revision import Revision
    from revgate.postgres.connect import Address
    from revgate.postgres.server import Server
    from revgate.roundtrip.agent_client import MigrationContext
    from revgate.roundtrip.answers import Finished
    from revgate.roundtrip.options import Options


@contextmanager
def built(
    server: Server, environment: Environment, chain: Sequence[Revision], options: Options
) -> Iterator[tuple[list[MigrationContext], Roles]]:
    """Upgrade an empty database to the last of some revisions; it is dropped afterwards.

    Yields:
        The migration contexts of env.py, and the roles of the server.

    Raises:
        CannotJudgeError: A revision fails, or env.py does.
    """
    roles = Roles(server, options.root, (each.path for each in chain))
    roles.wait_for_others(options.timeout)
    address = server.create_database()
    agent = Agent(environment, options)
    try:
        started, answer = run_in_one_go(agent, server, address, heads_of(chain))
        if isinstance(answer, Failed):
            raise CannotJudgeError(f"`upgrade()` of `{answer.revision}` fails: {answer.message}")
        yield [started, *agent.further_contexts], roles
    finally:
        agent.close()
        server.drop_database(address)
        roles.forget(all_of_them=True)


def run_in_one_go(
    agent: Agent, server: Server, address: Address, heads: Sequence[str]
) -> tuple[MigrationContext, Finished | Failed]:
    """Upgrade a database to some revisions, in the transactions that env.py asks for.

    Args:
        agent: One that has no job yet.
        server: Where env.py's further databases are created.
        address: The database.
        heads: The ids of the revisions.

    Returns:
        The first migration context of env.py, and how the upgrade ended.

    Raises:
        CannotJudgeError: env.py fails.
    """
    create = partial(server.create_next_to, address)
    started = agent.begin(address, heads, create, production=True)
    return started, agent.finish()


def schema_at_head(environment: Environment, chain: Sequence[Revision], options: Options) -> str:
    """Return the schema that a history builds on a throwaway server, as text.

    Raises:
        CannotJudgeError: The history fails, or there is no `pg_dump` for the server.
    """
    with throwaway(options.database_url, cached=options.cached) as server:
        programs = schema_programs(server)
        server.prepare(options.prepared)
        with built(server, environment, chain, options) as ((first, *_), _):
            return schema_text(first.address, programs, server.major)


def schema_programs(server: Server) -> str:
    """Return the folder of a `pg_dump` that can write the schema of a database of a server.

    Raises:
        CannotJudgeError: There is none.
    """
    return find_clients(server.major, f"install the client programs of PostgreSQL {server.major}")
