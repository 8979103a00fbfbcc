"""Runs PostgreSQL's client programs on one database.

The password is passed in the environment, since every user of a machine can read command lines.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from revgate.errors import CannotJudgeError
from revgate.postgres.connect import NO_FILE
from revgate.postgres.embedded import find_embedded
from revgate.postgres.programs import find_local, major_version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.postgres.connect import Address

_VARIABLES = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "channel_binding": "PGCHANNELBINDING",
    "gssencmode": "PGGSSENCMODE",
}


def find_clients(major: int, purpose: str, needed: Sequence[str] = ("pg_dump",)) -> str:
    """Return the first folder whose `pg_dump` supports a server of a major version.

    Args:
        major: That of the server; an older `pg_dump` refuses to dump it.
        purpose: What to say if there is none: what did not happen, and what else can be done.
        needed: The programs that the folder must have.

    Raises:
        CannotJudgeError: There is none.
    """
    on_path = shutil.which("pg_dump")
    folders = [os.path.dirname(on_path)] if on_path else []
    found = []
    for folder in (*folders, find_local(), find_embedded()):
        version = _version(folder, needed) if folder else 0
        if folder and version >= major:
            return folder
        if version:
            found.append(str(version))
    there = f", only that of PostgreSQL {', '.join(found)}" if found else ""
    raise CannotJudgeError(
        f"no `pg_dump` for a server of version {major} was found{there}; {purpose}"
    )


def _version(folder: str, needed: Sequence[str]) -> int:
    has_all = all(os.access(os.path.join(folder, each), os.X_OK) for each in needed)
    return major_version(folder, "pg_dump") if has_all else 0


def run_client(command: Sequence[str], address: Address | None, failed: str) -> str:
    """Run a program and return what it prints.

    Args:
        command: The program, by its path, and its arguments.
        address: The database that it connects to; None for a program that reads a file.
        failed: What to say first if it fails.

    Raises:
        CannotJudgeError: It fails.
    """
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    if address:
        environ.update(
            PGHOST=address.host,
            PGPORT=str(address.port),
            PGUSER=address.user,
            PGPASSWORD=address.password,
            PGDATABASE=address.database,
            PGPASSFILE=NO_FILE,
        )
        environ.update({_VARIABLES[key]: value for key, value in address.parameters})
    # `run` kills the program if this process is interrupted.
    answer = subprocess.run(
        command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if answer.returncode:
        said = " ".join(answer.stderr.split())[-500:]
        raise CannotJudgeError(f"{failed}: {os.path.basename(command[0])}: {said}")
    return answer.stdout
