"""Tries an upgrade on a copy of a database's schema, on the throwaway server.

Only that tells whether the upgrade fails because of what the history does not have: a table that is
in its way, a view on a column whose type it changes.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import closing
from typing import TYPE_CHECKING, Any

from revgate.postgres.clients import find_clients, run_client
from revgate.postgres.connect import connect
from revgate.postgres.server import throwaway
from revgate.roundtrip.agent_client import Agent
from revgate.roundtrip.answers import Failed
from revgate.roundtrip.built import run_in_one_go
from revgate.roundtrip.interruption import orderly_end

if TYPE_CHECKING:
    from revgate.doctor import ExaminedDatabase
    from revgate.postgres.connect import Address
    from revgate.roundtrip.options import Options

_FAILED = "the schema could not be copied to a throwaway database"


def try_on_copy(examined: ExaminedDatabase, head: str, options: Options) -> Failed | None:
    """Upgrade a copy of a schema, without rows.

    Args:
        examined: The database.
        head: The revision to upgrade to.
        options: As for a round trip; the server is the throwaway one.

    Returns:
        The step that failed; None if all succeeded.

    Raises:
        CannotJudgeError: There is no copy: `pg_dump` is missing, or the throwaway server lacks
            something that the schema needs.
    """
    major = int(examined.found.version.partition(".")[0])
    programs = find_clients(major, _FAILED, ("pg_dump", "pg_restore"))
    prepared = options.prepared._replace(schemas=(), extensions=(), sql="")  # the copy has them
    with (
        tempfile.TemporaryDirectory(prefix="revgate-") as folder,
        orderly_end(),
        throwaway(options.database_url) as server,
        closing(Agent(examined.environment, options)) as agent,
    ):
        server.prepare(prepared)
        address = server.create_database()
        _copy(examined, address, programs, os.path.join(folder, "schema.dump"))
        _, answer = run_in_one_go(agent, server, address, [head])
    return answer if isinstance(answer, Failed) else None


def _copy(examined: ExaminedDatabase, address: Address, programs: str, path: str) -> None:
    """Copy the schema and the stamps of a database."""
    kept = ("--schema-only", "--no-owner", "--no-privileges", "--no-publications")
    dump = (os.path.join(programs, "pg_dump"), "--format=custom", *kept, "--no-subscriptions")
    run_client([*dump, f"--file={path}"], examined.target.address, _FAILED)
    restore = (os.path.join(programs, "pg_restore"), "--exit-on-error", "--no-owner")
    run_client([*restore, f"--dbname={address.database}", path], address, _FAILED)
    if examined.found.has_version_table:
        with closing(connect(address)) as connection, connection.cursor() as cursor:
            _insert_stamps(cursor, examined)


def _insert_stamps(cursor: Any, examined: ExaminedDatabase) -> None:
    from psycopg2 import sql

    table = examined.states.version_table
    name = sql.Identifier(*filter(None, (table.schema, table.name)))
    for stamp in examined.found.stamps:
        cursor.execute(sql.SQL("INSERT INTO {} VALUES (%s)").format(name), (stamp,))
