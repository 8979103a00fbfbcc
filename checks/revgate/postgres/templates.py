"""Databases that stay on a server which stays: what a base's revisions build, for the next run.

Knows their names, and that only a few are kept; nothing of revisions. A server of our own goes with
the run and keeps nothing. What grants to roles that go with a run must not be kept: they could not
be dropped then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from revgate.postgres.connect import Address
    from revgate.postgres.server import Server

_PREFIX = "revgate_template_"
_MOST = 3
WORTH_SECONDS = 1.0
"""What took less to build is built again."""


def find(server: Server, key: str) -> Address | None:
    """Return the database that was kept under a key; None where there is none."""
    name = _name(key)
    return server.address._replace(database=name) if name in server.databases(_PREFIX) else None


def keep(server: Server, address: Address, key: str, seconds: float) -> None:
    """Keep a copy of a database of ours that took some time to build, and drop the oldest.

    Args:
        server: Where it is.
        address: The database, which nobody is connected to.
        key: Says what it holds.
        seconds: What it took.
    """
    if server.facts.kind != "url" or seconds < WORTH_SECONDS:
        return
    server.copy_to_stay(address, _name(key))
    for name in server.databases(_PREFIX)[:-_MOST]:
        server.drop_kept(name)


def _name(key: str) -> str:
    return f"{_PREFIX}{key[:16]}"
