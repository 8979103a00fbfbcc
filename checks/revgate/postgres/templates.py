"""Keeps copies of databases on a named server, so that the next run need not build them again.

Only a few are kept. A server of our own ends with the run and keeps nothing. A database with grants
to roles that the run drops must not be kept, since those roles could then not be dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from revgate.postgres.connect import Address
    from revgate.postgres.server import Server

_PREFIX = "revgate_template_"
_MOST = 3
WORTH_SECONDS = 1.0
"""A database that took less time to build is not kept."""


def find(server: Server, key: str) -> Address | None:
    """Return the database that was kept under a key; None if there is none."""
    name = _name(key)
    return server.address._replace(database=name) if name in server.databases(_PREFIX) else None


def keep(server: Server, address: Address, key: str, seconds: float) -> None:
    """Keep a copy of a database that took some time to build, and drop the oldest copies.

    Args:
        server: Its server.
        address: The database, which no session is connected to.
        key: Identifies its contents.
        seconds: How long it took to build.
    """
    if server.facts.kind != "url" or seconds < WORTH_SECONDS:
        return
    server.copy_to_stay(address, _name(key))
    for name in server.databases(_PREFIX)[:-_MOST]:
        server.drop_kept(name)


def _name(key: str) -> str:
    return f"{_PREFIX}{key[:16]}"
