"""Dumps one database with `pg_dump`, and verifies the dump before anything is changed.

The password is passed in the environment, since every user of a machine can read command lines.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from revgate.errors import CannotJudgeError, UsageError
from revgate.postgres.embedded import find_embedded
from revgate.postgres.programs import find_local, major_version

if TYPE_CHECKING:
    from revgate.postgres.connect import Address

_VARIABLES = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "channel_binding": "PGCHANNELBINDING",
    "gssencmode": "PGGSSENCMODE",
}


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
    programs = _programs(int(server_version.partition(".")[0]))
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise UsageError(f"{path} already exists and is not overwritten") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
    try:
        _run([os.path.join(programs, "pg_dump"), "--format=custom", f"--file={path}"], address)
        _verify(os.path.join(programs, "pg_restore"), path, tables)
    except BaseException:
        os.unlink(path)
        raise


def _programs(major: int) -> str:
    """Return the first folder with a `pg_dump` that supports a server of this version."""
    on_path = shutil.which("pg_dump")
    folders = [os.path.dirname(on_path)] if on_path else []
    found = []
    for folder in (*folders, find_local(), find_embedded()):
        version = _version(folder) if folder else 0
        if folder and version >= major:
            return folder
        if version:
            found.append(str(version))
    there = f", only that of PostgreSQL {', '.join(found)}" if found else ""
    raise CannotJudgeError(
        f"no `pg_dump` for a server of version {major} was found{there}; nothing was changed\n"
        f"install the client programs of PostgreSQL {major}, or pass `--no-backup` if another"
        " backup was taken"
    )


def _version(folder: str) -> int:
    has_restore = os.access(os.path.join(folder, "pg_restore"), os.X_OK)
    return major_version(folder, "pg_dump") if has_restore else 0


def _run(command: list[str], address: Address | None = None) -> str:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    if address:
        environ.update(
            PGHOST=address.host,
            PGPORT=str(address.port),
            PGUSER=address.user,
            PGPASSWORD=address.password,
            PGDATABASE=address.database,
            PGPASSFILE=os.devnull,
        )
        environ.update({_VARIABLES[key]: value for key, value in address.parameters})
    # `run` kills the program if this process is interrupted.
    answer = subprocess.run(
        command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if answer.returncode:
        said = " ".join(answer.stderr.split())[-500:]
        raise CannotJudgeError(
            f"the backup failed, and nothing was changed: {os.path.basename(command[0])}: {said}"
        )
    return answer.stdout


def _verify(program: str, path: str, tables: int) -> None:
    listed = _run([program, "--list", path])
    found = sum(" TABLE DATA " in line for line in listed.splitlines())
    if found < tables:
        raise CannotJudgeError(
            f"the backup lists the rows of {found} tables, but the database has {tables}; nothing"
            " was changed\ngrant the user of the URL access to all tables, or pass `--no-backup` if"
            " another backup was taken"
        )
