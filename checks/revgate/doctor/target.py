"""Finds the database to examine or upgrade: from the option, the environment, or `.env`."""

from __future__ import annotations

import ipaddress
import os
from typing import TYPE_CHECKING, NamedTuple

from revgate.errors import UsageError
from revgate.postgres.connect import Address, parse_address
from revgate.postgres.password import with_password

if TYPE_CHECKING:
    from collections.abc import Sequence

VARIABLE = "DATABASE_URL"


class Target(NamedTuple):
    """An existing database, and where its address came from."""

    address: Address
    named_by: str
    """`--database-url`, `DATABASE_URL` or `.env`."""
    url: str = ""
    """As it was written."""

    @property
    def is_local(self) -> bool:
        """Whether its host is this machine, judging by the name alone, without a lookup."""
        host = self.address.host
        if host in ("", "localhost") or host.startswith("/"):
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False


def find_database(root: str, url: str | None, folders: Sequence[str] = ()) -> Target:
    """Find the database.

    Args:
        root: The repository root.
        url: The option of the command line, which takes precedence.
        folders: Other folders that may contain a `.env`: that of alembic.ini.

    Raises:
        UsageError: No database is named, or its URL or file cannot be read.
    """
    if url:
        return Target(with_password(parse_address(url)), "--database-url", url)
    if named := os.environ.get(VARIABLE):
        return Target(with_password(_parsed(named, VARIABLE)), VARIABLE, named)
    for folder in dict.fromkeys((root, *folders)):
        if named := _in_file(os.path.join(folder, ".env")):
            return Target(with_password(_parsed(named, ".env")), ".env", named)
    raise UsageError(
        "no database is named: set DATABASE_URL in the environment or in .env, or pass"
        " `--database-url` postgresql://user:password@host:5432/name"
    )


def _in_file(path: str) -> str | None:
    if not os.path.isfile(path):
        return None
    try:
        from dotenv import dotenv_values
    except ImportError:
        raise UsageError(
            f"{path} cannot be read without python-dotenv: pip install 'revgate[live]', or pass"
            " `--database-url`"
        ) from None
    try:
        return dotenv_values(path).get(VARIABLE)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None


def _parsed(url: str, named_by: str) -> Address:
    try:
        return parse_address(url)
    except UsageError as error:
        raise UsageError(str(error).replace("`--database-url`", named_by)) from None
