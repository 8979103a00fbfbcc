"""Remembers on this machine that an upgrade has begun, until it ends.

If it is killed, the next command on the same database says so.
"""

from __future__ import annotations

import json
import os
import zlib
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from revgate.doctor.advice import database_option
from revgate.history import cache

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.doctor.target import Target
    from revgate.postgres.connect import Address


def _path(address: Address) -> str:
    key = zlib.crc32(f"{address.user}@{address}".encode())
    return os.path.join(cache.folder(), f"upgrade-{key:08x}.json")


@contextmanager
def remembered(
    address: Address, before: Sequence[str], head: str, backup: str | None
) -> Iterator[None]:
    """Remember an upgrade for the duration of the block, whether it fails or not.

    Args:
        address: The database.
        before: Its stamps.
        head: The revision to upgrade to.
        backup: The file of the backup, if one was taken.
    """
    path = _path(address)
    facts = {
        "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
        "database": str(address),
        "before": ", ".join(before) or "base",
        "head": head,
        "backup": os.path.abspath(backup) if backup else "",
    }
    with suppress(OSError):  # without it, only this help is missing
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(facts, file)
    try:
        yield
    finally:
        forget(address)


def forget(address: Address) -> None:
    """Forget what was remembered about a database."""
    with suppress(OSError):
        os.unlink(_path(address))


_NEXT = "compare the database with `revgate doctor{0}`, then continue with `revgate upgrade{0}`"


def describe(target: Target) -> list[str]:
    """Return lines about an upgrade that began and did not end; none if there is none."""
    address = target.address
    try:
        facts = json.loads(cache.read_file(_path(address)))
        at, before, head, backup = (facts[key] for key in ("at", "before", "head", "backup"))
        if facts["database"] != str(address):
            return []
    except (OSError, ValueError, LookupError, TypeError):
        return []
    option = f" {database_option(target)}".rstrip()
    began = (
        f"an upgrade from {before} to {head} began at {at} and was interrupted: what it had not"
        " committed was rolled back"
    )
    lines = [
        began,
        _NEXT.format(option),
    ]
    if backup:
        lines.append(f"the backup from before it is {backup}; to restore it in a second database:")
        lines.append(f"createdb NEW && pg_restore --exit-on-error --dbname NEW {backup}")
    return lines
