"""The password of a database whose URL has none: from where libpq takes it, or typed in."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from revgate.postgres.connect import Address

_ASKS = ("no password supplied", "password authentication failed")


def with_password(address: Address) -> Address:
    """Return an address with the password of `PGPASSWORD`, of libpq's password file, or typed in.

    A command that is copied from a report contains no password.
    """
    if address.password:
        return address
    found = os.environ.get("PGPASSWORD") or _in_file(address)
    if not found and sys.stdin is not None and sys.stdin.isatty() and _is_asked_for(address):
        from getpass import getpass

        found = getpass(f"Password of {address.user} for {address}: ")
    return address._replace(password=found)


def _in_file(address: Address) -> str:
    path = os.environ.get("PGPASSFILE") or os.path.expanduser("~/.pgpass")
    host = "localhost" if address.host.startswith("/") else address.host
    wanted = (host, str(address.port), address.database, address.user)
    with suppress(OSError, UnicodeDecodeError), open(path, encoding="utf-8") as file:
        for line in file:
            # A colon or a backslash in a field is escaped by a backslash.
            fields = re.findall(r"(?:^|:)((?:[^:\\]|\\.)*)", line.rstrip("\n"))
            *place, password = (re.sub(r"\\(.)", r"\1", each) for each in fields[:5])
            if len(place) == len(wanted) and all(
                each in ("*", own) for each, own in zip(place, wanted, strict=True)
            ):
                return password
    return ""


def _is_asked_for(address: Address) -> bool:
    from revgate.errors import CannotJudgeError
    from revgate.postgres.connect import connect

    try:
        connect(address).close()
    except CannotJudgeError as error:
        return any(each in str(error) for each in _ASKS)
    return False
