"""The throwaway databases, which answer every connection of SQLAlchemy.

The first place that user code connects to gets the database of the job. Each further place gets one
of its own, which the client creates on the first connection. Drivers that connect on their own are
handled in `guards`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .drivers import register_drivers
from .places import Place, places

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn


DRIVERS = ("psycopg2", "psycopg", "asyncpg", "pg8000")
# The connect_args to keep: behavior, not host, database or user.
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


class Refused(Exception):  # noqa: N818 - users read the name
    """A connection to anything but the throwaway database was attempted."""


class Target:
    """The throwaway databases, and what counts as a connection to one of them."""

    def __init__(self, database: Any, create: Callable[[str], None]) -> None:
        """Start with one database.

        Args:
            database: Its address, as in the job.
            create: Creates a database with a given name on the same server.
        """
        self.host = database["host"]
        self.port = int(database["port"])
        self.socket = f"{self.host}/.s.PGSQL.{self.port}" if self.host.startswith("/") else ""
        self.user = database["user"]
        self.password = database["password"]
        self.database = database["database"]
        self.parameters = dict(database["parameters"])
        self._create = create
        self._peers: set[Any] | None = None
        self._names: dict[Place, str] = {}
        self._visited: dict[str, Place] = {}
        self._ready = {self.database}
        self.here = Place.of(self.host, self.port, self.database)

    def stand_in(self, place: Place) -> str:
        """Return the name of the database that replaces a place; it might not exist yet."""
        if self._is_here(place) or not place.database:
            return place.database or self.database
        if place not in self._names:
            number = len(set(self._names.values()))
            self._names[place] = f"{self.database}_{number}" if number else self.database
        return self._names[place]

    def _is_here(self, place: Place) -> bool:
        """Tell whether a place is one of the throwaway databases."""
        own = place.database == self.database or place.database in self._names.values()
        return own and place[:2] == self.here[:2]

    def reach(self, place: Place) -> str:
        """Return the name of the database that replaces a place, and create it if necessary.

        The first connection of env.py most likely goes to the database that it migrates.
        """
        if place not in self._names and not self._is_here(place) and not self._visited:
            self._names[place] = self.database
        name = self.stand_in(place)
        self._visited.setdefault(name, place)
        self._have(name)
        return name

    def _have(self, name: str) -> None:
        if name not in self._ready:
            self._create(name)
            self._ready.add(name)

    def reach_all(self) -> None:
        """Create all databases that have a name, before a program starts that could use them."""
        for name in set(self._names.values()) - self._ready:
            self._have(name)

    def origin(self, database: str) -> str:
        """Return the place that a throwaway database replaces; empty if there is none."""
        place = self._visited.get(database)
        if place is None or self._is_here(place):
            named = [each for each, name in self._names.items() if name == database]
            place = named[0] if named else None
        return str(place) if place else ""

    def url(self, driver: str = "", database: str = "") -> Any:
        """Return the URL of a throwaway database for a driver."""
        from sqlalchemy.engine import URL

        name = "postgresql" + ("+" + driver if driver else "")
        query = {}
        if driver in ("", "psycopg2", "psycopg", "psycopg_async"):
            query = self.parameters
        elif "sslmode" in self.parameters and driver == "asyncpg":
            query = {"ssl": self.parameters["sslmode"]}
        path = database or self.database
        if self.socket and driver == "pg8000":
            query = {"unix_sock": self.socket}
            return URL.create(name, self.user, self.password, database=path, query=query)
        return URL.create(name, self.user, self.password, self.host, self.port, path, query)

    def is_meant(self, host: Any, port: Any, database: Any) -> bool:
        """Tell whether a driver connects to a throwaway database; None is libpq's default, ours."""
        at_server = host in (None, "", self.host) and str(port or self.port) == str(self.port)
        if not at_server or database in (None, "", self.database):
            return at_server
        ours = self._is_here(Place.of(self.host, self.port, database))
        if ours:
            self._have(database)
        return ours

    def is_alias(self, host: Any, port: Any, database: Any) -> bool:
        """Tell whether a place is a throwaway database, named by the host of its URL.

        That host is `localhost` for a server behind a socket.
        """
        place = Place.of(host, port, database)
        if not self.socket or str(host or "/").startswith("/") or not self._is_here(place):
            return False
        self._have(place.database)
        return True

    def is_peer(self, address: Any) -> bool:
        """Tell whether the peer of a socket is the throwaway server."""
        if self.socket or not isinstance(address, tuple):
            return bool(self.socket) and os.fsdecode(address) == self.socket
        if self._peers is None:
            import socket

            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
            self._peers = {entry[4][:2] for entry in found} | {(self.host, self.port)}
        return tuple(address[:2]) in self._peers

    def name_for(self, database: str) -> str | None:
        """Return the throwaway that replaces a database of this name; None if none does."""
        if database in self._ready:
            return database
        return next(
            (name for place, name in self._names.items() if place.database == database), None
        )

    def refuse_change(self, what: str) -> NoReturn:
        """Refuse a statement that would change another database."""
        raise Refused(
            f"{what} was refused: only the throwaway database may be changed while revgate runs"
            " this migration history"
        )

    def refuse(self, attempted: str) -> NoReturn:
        """Refuse a connection, and name its target."""
        raise Refused(
            f"a connection to {attempted} was refused: only the throwaway database may be reached"
            " while revgate runs this migration history"
        )


def answer_connections(
    target: Target, before: Callable[[], None], lock_timeout: float | None
) -> None:
    """Redirect every connection that any engine opens to a throwaway database.

    Args:
        target: The throwaway databases.
        before: Called before each connection.
        lock_timeout: Seconds, for connections on which user code sets none.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def connect(dialect: Any, _record: Any, arguments: Any, parameters: Any) -> Any:
        if dialect.name != "postgresql":
            target.refuse(f"a {dialect.name} database")
        before()
        _commit_in_one_phase(dialect)
        name = target.reach(_place(arguments, parameters))
        given, ours = dialect.create_connect_args(target.url(dialect.driver, name))
        kept = {key: parameters[key] for key in KEPT_ARGUMENTS if key in parameters}
        connection = dialect.connect(*given, **dict(kept, **ours))
        if lock_timeout is not None:
            _set_lock_timeout(connection, lock_timeout)
            _end_with_client(connection)
        return connection

    event.listen(Engine, "do_connect", connect)
    register_drivers(connect)


def _set_lock_timeout(connection: Any, seconds: float) -> None:
    cursor = connection.cursor()
    cursor.execute("SHOW lock_timeout")
    if cursor.fetchone()[0] == "0":
        cursor.execute(f"SET lock_timeout = {round(seconds * 1000)}")
    cursor.close()
    connection.commit()


# From PostgreSQL 14 on.
_CHECK_CLIENT = """
SELECT set_config(name, '1s', false) FROM pg_settings
WHERE name = 'client_connection_check_interval'
"""


def _end_with_client(connection: Any) -> None:
    """Let the server cancel a running statement once this process is gone, where it can."""
    cursor = connection.cursor()
    try:
        cursor.execute(_CHECK_CLIENT)
        connection.commit()
    except Exception:  # noqa: BLE001 - any driver's; not every system supports it
        connection.rollback()
    cursor.close()


def _commit_in_one_phase(dialect: Any) -> None:
    """Replace two-phase commits by plain ones.

    A server might not allow prepared transactions, and a driver cannot commit in the middle of one.
    """

    def begin(connection: Any, _xid: Any) -> None:
        dialect.do_begin(connection.connection)

    def rollback(connection: Any, _xid: Any, *_prepared: Any, **_options: Any) -> None:
        dialect.do_rollback(connection.connection)

    def commit(connection: Any, _xid: Any, *_prepared: Any, **_options: Any) -> None:
        dialect.do_commit(connection.connection)

    dialect.do_begin_twophase, dialect.do_prepare_twophase = begin, lambda *_: None
    dialect.do_rollback_twophase, dialect.do_commit_twophase = rollback, commit


def _place(arguments: Any, parameters: Any) -> Place:
    """Return the target of a connection; an explicit DSN takes precedence, as in drivers."""
    dsn = parameters.get("dsn") or (arguments[0] if arguments else "")
    if dsn:
        found = places(str(dsn))
        if found:
            return found[0]
    host, port = (parameters.get(key) for key in ("host", "port"))
    database = parameters.get("dbname") or parameters.get("database") or parameters.get("user")
    if parameters.get("service"):
        return Place.of(parameters["service"], port, parameters.get("dbname") or "service")
    return Place.of(host, port, database)
