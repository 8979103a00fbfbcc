"""Dumps one database with `pg_dump`, and verifies the dump before anything is changed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from revgate.errors import CannotJudgeError, UsageError
from revgate.postgres.clients import find_clients, run_client

if TYPE_CHECKING:
    from revgate.postgres.connect import Address

_FAILED = "the backup failed, and nothing was changed"


def check_path(path: str) -> None:
    """Check that a backup can be written to a new file.

    Raises:
        UsageError: It exists already, or its folder does not, or cannot be written to.
    """
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.lexists(path):
        raise UsageError(f"{path} already exists and is not overwritten")
    if not os.path.isdir(folder):
        raise UsageError(f"{path} cannot be written: the folder {folder} does not exist")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"{path} cannot be written: no permission to write to {folder}")


def take(address: Address, path: str, server_version: str, tables: int) -> None:
    """Dump a database into a new private file, in pg_dump's custom format.

    Args:
        address: The database.
        path: The file, which must not exist yet.
        server_version: The version of the server, which an older `pg_dump` cannot dump.
        tables: The number of tables with rows of their own that the dump must list.

    Raises:
        UsageError: The file exists already, or cannot be written.
        CannotJudgeError: `pg_dump` is missing or fails, or its dump lacks tables; no file is
            left then.
    """
    major = int(server_version.partition(".")[0])
    instead = (
        f"nothing was changed\ninstall the client programs of PostgreSQL {major}, or pass"
        " `--no-backup` if another backup was taken"
    )
    programs = find_clients(major, instead, ("pg_dump", "pg_restore"))
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise UsageError(f"{path} already exists and is not overwritten") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
    try:
        dump = [os.path.join(programs, "pg_dump"), "--format=custom", f"--file={path}"]
        run_client(dump, address, _FAILED)
        _verify(os.path.join(programs, "pg_restore"), path, tables)
    except BaseException:
        os.unlink(path)
        raise


def _verify(program: str, path: str, tables: int) -> None:
    listed = run_client([program, "--list", path], None, _FAILED)
    found = sum(" TABLE DATA " in line for line in listed.splitlines())
    if found < tables:
        raise CannotJudgeError(
            f"the backup lists the rows of {found} tables, but the database has {tables}; nothing"
            " was changed\ngrant the user of the URL access to all tables, or pass `--no-backup` if"
            " another backup was taken"
        )
