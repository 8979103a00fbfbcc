"""Runs the file of SQL that brings a database to the state before the first revision.

It runs as the migrations do: as their user, and on a named server through the relay.
"""

from __future__ import annotations

import re
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any, Protocol

from revgate.errors import CannotJudgeError
from revgate.postgres.connect import connect
from revgate.postgres.names import shown_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.postgres.connect import Address

_SECONDS = 120.0
_OF_PSQL = re.compile(r"^\\(?:un)?restrict\b.*$", re.MULTILINE)
"""What `pg_dump` writes around a dump since the minor versions of August 2025."""
_TABLES = """
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""


class File(Protocol):
    """The file."""

    @property
    def sql_file(self) -> str:
        """Its path, for messages."""

    @property
    def sql(self) -> str:
        """Its contents."""


def load(file: File, address: Address) -> frozenset[str]:
    """Run a file of SQL in a database; return the tables that are there then.

    Raises:
        CannotJudgeError: A statement fails, or they take too long.
    """
    import psycopg2

    with closing(connect(address.for_migrations())) as connection:
        timer = threading.Timer(_SECONDS, connection.cancel)
        timer.start()
        try:
            with connection.cursor() as cursor:
                cursor.execute(_OF_PSQL.sub("", file.sql))
                cursor.execute(_TABLES)
                return frozenset(shown_name(*row) for row in cursor.fetchall())
        except (psycopg2.Error, ValueError) as error:
            raise CannotJudgeError("\n".join(_explained(file, error))) from None
        finally:
            timer.cancel()


def _explained(file: File, error: Any) -> Iterator[str]:
    diagnostics = getattr(error, "diag", None)
    position = getattr(diagnostics, "statement_position", None)
    said = getattr(diagnostics, "message_primary", None) or " ".join(str(error).split())
    line = _OF_PSQL.sub("", file.sql)[: int(position)].count("\n") + 1 if position else 0
    place = f"{file.sql_file}:{line}" if line else file.sql_file
    yield f"{place}, which `prepare` names in the settings, cannot be run: {said}"
    yield (
        "write it as the state before the first revision, with `pg_dump --schema-only --no-owner"
        " --no-privileges` (and `--inserts` if it needs rows)"
    )
