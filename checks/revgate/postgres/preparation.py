"""What a project says that production has before the first revision.

Roles, schemas, extensions, and a file of SQL; also the user that the history runs as, where that
must not be a superuser.
"""

from __future__ import annotations

import re
import secrets
from typing import Any, NamedTuple, Protocol

from revgate.errors import CannotJudgeError
from revgate.postgres.connect import Address, connect
from revgate.postgres.initial_sql import load
from revgate.postgres.names import quoted


class Preparation(NamedTuple):
    """What is to be there; see the settings of the same names."""

    roles: tuple[str, ...] = ()
    schemas: tuple[str, ...] = ()
    superuser: bool = True
    extensions: tuple[str, ...] = ()
    sql_file: str = ""
    """The file that the setting `prepare` names."""
    sql: str = ""
    """What it contains."""


class Host(Protocol):
    """The server, as far as it is needed here."""

    @property
    def address(self) -> Address:
        """Its address."""

    @property
    def prefix(self) -> str:
        """What the names of this run begin with."""

    def roles(self) -> frozenset[str]:
        """Return the names of all roles."""

    def drop_roles(self, names: frozenset[str]) -> None:
        """Drop roles, except those that something still depends on."""

    def try_lock(self, key: int) -> bool:
        """Try to take an advisory lock."""

    def execute(self, statement: str) -> None:
        """Run one statement."""


class Prepared:
    """What a run has made on its server, and drops at the end."""

    def __init__(self, server: Host, wanted: Preparation) -> None:
        """Create the roles.

        Raises:
            CannotJudgeError: The user of the server lacks the privilege.
        """
        self._server = server
        self._wanted = wanted
        self.roles: frozenset[str] = frozenset()
        """Those that were not there before, with the owner."""
        self.tables: frozenset[str] = frozenset()
        """The tables that the file of SQL has created, as messages name them."""
        self.owner, self._password = "", ""
        try:
            self._create_roles()
        except BaseException:
            server.drop_roles(self.roles)
            raise

    def _create_roles(self) -> None:
        existing = self._server.roles()
        for name in self._wanted.roles:
            if name not in existing:
                self._create_role(name, "NOLOGIN")
        if not self._wanted.superuser:
            self._create_owner()

    def _create_owner(self) -> None:
        _drop_abandoned_owners(self._server)
        self.owner, self._password = f"{self._server.prefix}owner", secrets.token_hex(16)
        self._create_role(self.owner, f"LOGIN PASSWORD '{self._password}'")
        # An ordinary user creates databases only for roles that it is a member of.
        self._server.execute(f"GRANT {quoted(self.owner)} TO CURRENT_USER")
        for name in self._wanted.roles:
            self._make_member(name)

    def _make_member(self, name: str) -> None:
        """Make the owner a member of a role; since PostgreSQL 16, that takes its ADMIN option."""
        import psycopg2

        try:
            self._server.execute(f"GRANT {quoted(name)} TO {quoted(self.owner)}")
        except psycopg2.Error as error:
            address = self._server.address
            raise CannotJudgeError(
                f"the history cannot run as a member of the role `{name}` on {address}:"
                f" {error.diag.message_primary}\n"
                f'let the user grant it: GRANT {quoted(name)} TO "{address.user}" WITH ADMIN OPTION'
            ) from None

    def _create_role(self, name: str, options: str) -> None:
        import psycopg2

        try:
            self._server.execute(f"CREATE ROLE {quoted(name)} {options}")
        except psycopg2.Error as error:
            address = self._server.address
            raise CannotJudgeError(
                f"cannot create the role `{name}` on {address}: {error.diag.message_primary}\n"
                f'create it there, or grant the privilege: ALTER ROLE "{address.user}" CREATEROLE'
            ) from None
        self.roles |= {name}

    def owned(self, address: Address) -> Address:
        """Return the address of a database, for migrations as its owner."""
        if not self.owner:
            return address
        return address._replace(owner=self.owner, owner_password=self._password)

    def furnish(self, address: Address) -> None:
        """Create the schemas and extensions in a new database, and run the file of SQL.

        Raises:
            CannotJudgeError: The server does not have an extension, or refuses a statement.
        """
        if self._wanted.schemas or self._wanted.extensions:
            self._create_schemas_and_extensions(address)
        if self._wanted.sql:
            self.tables = load(self._wanted, address)

    def _create_schemas_and_extensions(self, address: Address) -> None:
        owner = f" AUTHORIZATION {quoted(self.owner)}" if self.owner else ""
        connection = connect(address)
        try:
            with connection.cursor() as cursor:
                for name in self._wanted.schemas:
                    cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(name)}{owner}")
                for name in self._wanted.extensions:
                    _create_extension(cursor, name, address)
        finally:
            connection.close()


def _create_extension(cursor: Any, name: str, address: Address) -> None:
    import psycopg2

    try:
        cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {quoted(name)} CASCADE")
    except psycopg2.Error as error:
        raise CannotJudgeError(
            f"cannot create the extension `{name}` on {address}: {error.diag.message_primary}\n"
            "install it there, or name a server that has it with `--database-url`"
        ) from None


def _drop_abandoned_owners(server: Host) -> None:
    """Drop the owners that killed runs left: nobody holds the locks of these runs."""
    for name in server.roles():
        found = re.fullmatch("revgate_([0-9a-f]{12})_owner", name)
        if found and server.try_lock(int(found[1], 16)):
            server.drop_roles(frozenset((name,)))
            server.execute(f"SELECT pg_advisory_unlock({int(found[1], 16)})")
