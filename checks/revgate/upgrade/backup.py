"""A dump of one database, made by `pg_dump` and read back before anything is changed.

Knows PostgreSQL's client programs and where they are; nothing of migrations. The password goes
through the environment, since everybody on a machine may read command lines.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from revgate.errors import CannotJudgeError, UsageError
from revgate.postgres.embedded import find_embedded
from revgate.postgres.process import find_local, major_version

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


def take(address: Address, path: str, server_version: str, tables: int) -> None:
    """Dump a database into a new file of ours alone, in pg_dump's custom format.

    Args:
        address: The database.
        path: The file, which may not be there yet.
        server_version: The server's; an older `pg_dump` refuses it.
        tables: How many tables with rows of their own there are, which the dump must list.

    Raises:
        UsageError: The file is there already, or cannot be written.
        CannotJudgeError: There is no `pg_dump`, it fails, or what it wrote does not hold the
            tables; then no file is left.
    """
    programs = _programs(int(server_version.partition(".")[0]))
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise UsageError(f"{path} exists already, and no backup is overwritten") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
    try:
        _run([os.path.join(programs, "pg_dump"), "--format=custom", f"--file={path}"], address)
        _verify(os.path.join(programs, "pg_restore"), path, tables)
    except BaseException:
        os.unlink(path)
        raise


def _programs(major: int) -> str:
    """Return the first folder with a `pg_dump` that knows a server of this version."""
    on_path = shutil.which("pg_dump")
    folders = [os.path.dirname(on_path)] if on_path else []
    found = []
    for folder in (*folders, find_local(), find_embedded()):
        version = _version(folder) if folder else 0
        if folder and version >= major:
            return folder
        if version:
            found.append(str(version))
    there = f"only that of PostgreSQL {', '.join(found)}" if found else "none"
    raise CannotJudgeError(
        f"no `pg_dump` for a server of version {major} is here, {there}; nothing was changed\n"
        f"install the client programs of PostgreSQL {major}, or pass `--no-backup` where another"
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
    # Ends with us, however we end: `run` kills what it waits for.
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
            f"the backup lists the rows of {found} tables, the database has {tables}; nothing was"
            " changed\nlet the user of the URL read all tables, or pass `--no-backup` where another"
            " backup was taken"
        )
