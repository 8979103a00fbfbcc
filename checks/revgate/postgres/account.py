"""The user and the environment that PostgreSQL's programs run with."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any, NamedTuple

from revgate.errors import CannotJudgeError


class Account(NamedTuple):
    """The user that runs PostgreSQL's programs, which refuse to run as root."""

    arguments: dict[str, Any]
    """For `subprocess`; empty for the user of this process."""
    owner: tuple[int, int] | None
    """User and group of their files; None for those of this process."""


def account_for(folder: str) -> Account:
    """Return the user for the programs, and give that user a folder.

    Raises:
        CannotJudgeError: This is root, and there is no other user.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return Account({}, None)
    import pwd

    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, entry.pw_uid, entry.pw_gid)
        arguments = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        return Account(arguments, (entry.pw_uid, entry.pw_gid))
    raise CannotJudgeError(
        "PostgreSQL refuses to run as root, and this machine has neither a user `postgres` nor"
        " `nobody` to run it as\nrun revgate as another user, or pass `--database-url`"
    )


def reachable(programs: str, folder: str, account: Account) -> str:
    """Return a folder from which the other user can run the programs; a copy if need be."""
    if account.owner is None:
        return programs
    probe = subprocess.run(
        ["/bin/sh", "-c", '"$1/postgres" --version', "sh", programs],
        capture_output=True,
        cwd=folder,
        env=environment(programs),
        check=False,
        **account.arguments,
    )
    if probe.returncode == 0:
        return programs
    return _copied(programs, folder)


def _copied(programs: str, folder: str) -> str:
    """Copy the installation of these programs, and the libraries that a wheel keeps next to it.

    auditwheel puts them into `<package>.libs`, found relative to the programs.
    """
    installation = os.path.dirname(programs)
    package = os.path.dirname(installation)
    copy = os.path.join(folder, os.path.basename(package), os.path.basename(installation))
    shutil.copytree(installation, copy, symlinks=True)
    if os.path.isdir(package + ".libs"):
        libraries = os.path.basename(package) + ".libs"
        shutil.copytree(package + ".libs", os.path.join(folder, libraries))
    return os.path.join(copy, "bin")


def environment(programs: str) -> dict[str, str]:
    """Return the environment without PG*, and with the libraries shipped with the programs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    libraries = [os.path.join(os.path.dirname(programs), "lib"), kept.get("LD_LIBRARY_PATH", "")]
    kept["LD_LIBRARY_PATH"] = ":".join(filter(None, libraries))
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def failed(what: str, programs: str, said: str) -> str:
    """Return the message about a program that failed."""
    lines = [line for line in said.strip().splitlines() if line.strip()][-5:]
    return "\n".join([f"{what} (programs in {programs})", *lines])
