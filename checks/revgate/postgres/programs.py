"""Finds PostgreSQL's programs on this machine, and their version."""

from __future__ import annotations

import glob
import os
import re
import shutil
import subprocess

_NEEDED = ("initdb", "postgres")
_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/lib/postgresql*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/usr/local/pgsql/bin",
)
OLDEST = 14


def find_local(major: int | None = None) -> str | None:
    """Return the folder of PostgreSQL's programs; None if this machine has none.

    PATH reflects the user's choice, so it comes first; of versioned folders, the newest does.

    Args:
        major: The major version that they must have; None for any that is supported.
    """
    for folder in (*_on_path(), *_versioned()):
        version = major_version(folder) if is_complete(folder) else 0
        if version >= OLDEST and major in (None, version):
            return folder
    return None


def major_version(folder: str, program: str = "postgres") -> int:
    """Return the major version of a program in a folder; 0 if it does not run."""
    try:
        answer = subprocess.run(
            [os.path.join(folder, program), "--version"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r"(\d+)", answer.stdout)
    return int(found[1]) if found else 0


def _on_path() -> list[str]:
    found = [shutil.which("initdb", path=each) for each in os.get_exec_path()]
    folders = [os.path.dirname(os.path.realpath(each)) for each in found if each]
    if shutil.which("pg_config"):
        try:
            answer = subprocess.run(
                ["pg_config", "--bindir"], capture_output=True, text=True, timeout=20, check=True
            )
        except (OSError, subprocess.SubprocessError):
            return folders
        folders.append(answer.stdout.strip())
    return folders


def _versioned() -> list[str]:
    found = [folder for pattern in _FOLDERS for folder in glob.glob(pattern)]
    return sorted(found, key=_numbers, reverse=True)


def _numbers(folder: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", folder)]


def is_complete(folder: str) -> bool:
    """Return whether a folder has every program that a server of our own needs."""
    return all(os.access(os.path.join(folder, name), os.X_OK) for name in _NEEDED)
