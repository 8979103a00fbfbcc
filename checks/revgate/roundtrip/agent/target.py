"""The throwaway database, and every connection of SQLAlchemy answered with it.

Knows one database; nothing of drivers that connect by themselves, see `guards`.
"""

from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import NoReturn


DRIVERS = ("psycopg2", "psycopg", "asyncpg", "pg8000")
# What connect_args may keep: behaviour, not where to go or as whom.
KEPT_ARGUMENTS = [
    "application_name",
    "client_encoding",
    "command_timeout",
    "connection_class",
    "connection_factory",
    "cursor_factory",
    "keepalives",
    "options",
    "prepare_threshold",
    "prepared_statement_cache_size",
    "prepared_statement_name_func",
    "row_factory",
    "server_settings",
    "statement_cache_size",
]


class Refused(Exception):  # noqa: N818 - it is what happened, and users read the name
    """A connection to anything but the throwaway database was attempted."""


class Target:
    """The throwaway database, and what counts as a connection to it."""

    def __init__(self, database: Any) -> None:
        self.host = database["host"]
        self.port = int(database["port"])
        self.user = database["user"]
        self.password = database["password"]
        self.database = database["database"]
        self.parameters = dict(database["parameters"])
        self._peers: set[Any] | None = None

    def url(self, driver: str = "", drivername: str = "postgresql") -> Any:
        """Return its URL for a driver."""
        from sqlalchemy.engine import URL

        name = drivername + ("+" + driver if driver else "")
        query = {}
        if driver in ("", "psycopg2", "psycopg", "psycopg_async"):
            query = self.parameters
        elif "sslmode" in self.parameters and driver == "asyncpg":
            query = {"ssl": self.parameters["sslmode"]}
        return URL.create(
            name, self.user, self.password, self.host, self.port, self.database, query
        )

    def is_meant(self, host: Any, port: Any, database: Any) -> bool:
        """Tell whether this is where a driver is about to go; None is libpq's default: us."""
        return (
            host in (None, "", self.host)
            and str(port or self.port) == str(self.port)
            and database in (None, "", self.database)
        )

    def is_peer(self, address: Any) -> bool:
        """Tell whether a socket's peer is the throwaway server."""
        if self._peers is None:
            import socket

            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
            self._peers = {entry[4][:2] for entry in found} | {(self.host, self.port)}
        return isinstance(address, tuple) and tuple(address[:2]) in self._peers

    def refuse(self, attempted: str) -> NoReturn:
        """Refuse a connection, naming where it would have gone."""
        raise Refused(
            f"a connection to {attempted} was refused: only the throwaway database may be reached"
            " while revgate runs this migration history"
        )


def answer_connections(target: Target) -> None:
    """Answer every connection that any engine opens with one to the throwaway database."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def connect(dialect: Any, _record: Any, _arguments: Any, parameters: Any) -> Any:
        if dialect.name != "postgresql":
            target.refuse(f"a {dialect.name} database")
        arguments, ours = dialect.create_connect_args(target.url(dialect.driver))
        kept = {key: parameters[key] for key in KEPT_ARGUMENTS if key in parameters}
        return dialect.connect(*arguments, **dict(kept, **ours))

    event.listen(Engine, "do_connect", connect)


def point_environment_at(target: Target) -> None:
    """Let libpq's variables, and DATABASE_URL where there is none, mean the throwaway database."""
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]
    os.environ.update(
        PGHOST=target.host,
        PGPORT=str(target.port),
        PGUSER=target.user,
        PGPASSWORD=target.password,
        PGDATABASE=target.database,
        PGSERVICEFILE=os.devnull,
        PGPASSFILE=os.devnull,
        PGSYSCONFDIR=os.devnull,
    )
    if "DATABASE_URL" not in os.environ:
        installed = [name for name in DRIVERS if importlib.util.find_spec(name)]
        driver = "" if "psycopg2" in installed or not installed else installed[0]
        url = target.url(driver).render_as_string(hide_password=False)
        os.environ["DATABASE_URL"] = url
