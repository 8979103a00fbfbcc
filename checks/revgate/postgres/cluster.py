"""Creates the data folder of a throwaway server, by `initdb` or from what it made the last time.

`initdb` takes most of a second, and its result depends on the programs and the machine's locales.
It is kept in the user's cache folder, and used only if no other user could have written it.
"""

from __future__ import annotations

import os
import stat
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from revgate.errors import CannotJudgeError
from revgate.history.cache import Cache
from revgate.postgres.account import environment, failed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.postgres.account import Account

USER = "revgate"
_ARGUMENTS = ("-U", USER, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync",
              "--no-instructions")  # fmt: skip
_MOST_BYTES = 64 << 20
"""Of a data folder that is kept, without zeros at the ends of files: usually 13 MB."""


def initdb(programs: str, folder: str, password: str, account: Account) -> str:
    """Create the data folder in a folder, and return its path.

    Raises:
        CannotJudgeError: `initdb` failed; with its message.
    """
    secret, data = os.path.join(folder, "secret"), os.path.join(folder, "data")
    with open(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(password)
    if account.owner is not None:
        os.chown(secret, *account.owner)
    answer = subprocess.run(
        [os.path.join(programs, "initdb"), "-D", data, "--pwfile", secret, *_ARGUMENTS],
        cwd=folder,
        env=environment(programs),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
        **account.arguments,
    )
    os.remove(secret)
    if answer.returncode:
        raise CannotJudgeError(failed("`initdb` failed", programs, answer.stderr))
    return data


class KeptCluster:
    """The data folder that `initdb` of some programs made in an earlier run."""

    def __init__(self, programs: str, *, enabled: bool) -> None:
        """Look for none yet.

        Args:
            programs: Their folder.
            enabled: Whether anything is read or kept.
        """
        self._cache = Cache(f"cluster\n{_identity(programs)}", enabled=enabled)

    def restore(self, data: str, account: Account) -> str:
        """Create a data folder like it; return the superuser's password, empty without one."""
        if not _is_private(self._cache.path):
            return ""
        table = self._cache.load()
        try:
            _write(data, table["folders"], table["files"], account)
            return str(table["password"])
        except (KeyError, TypeError, ValueError, OSError):
            return ""

    def keep(self, data: str, password: str) -> None:
        """Keep a data folder whose server has not been started."""
        if not self._cache.enabled:
            return
        folders: list[str] = []
        files: list[tuple[str, int, bytes]] = []
        same: dict[bytes, bytes] = {}
        for name, size, content in _read(data):
            if content is None:
                folders.append(name)
            else:
                # The databases of a new server have most files in common.
                files.append((name, size, same.setdefault(content, content)))
        if sum(map(len, same)) <= _MOST_BYTES:
            self._cache.save({"password": password, "folders": folders, "files": files})

    def forget(self) -> None:
        """Keep none any longer: it cannot be used."""
        self._cache.save({})


def _identity(programs: str) -> str:
    """Return what decides the result of `initdb`: the programs, and the locales of this machine."""
    facts: list[Any] = [os.path.realpath(programs), _ARGUMENTS, *os.uname()[::4], _locales()]
    for name in ("initdb", "postgres"):
        status = os.stat(os.path.join(programs, name))
        facts.append((status.st_size, status.st_mtime_ns, status.st_ino))
    return repr(facts)


def _locales() -> bytes:
    """Return the names of which `initdb` makes collations, and the version of the C library."""
    with suppress(OSError):
        listed = subprocess.run(["locale", "-a"], capture_output=True, check=False).stdout
        names = getattr(os, "confstr_names", {})
        library = os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in names else ""
        return listed + (library or "").encode()
    return b""


def _is_private(path: str) -> bool:
    """Return whether only this user can have written a file, or read it."""
    try:
        above, file = os.stat(os.path.dirname(path)), os.lstat(path)
    except OSError:
        return False
    ours = {above.st_uid, file.st_uid} == {os.geteuid()}
    return (
        ours and stat.S_ISREG(file.st_mode) and not (above.st_mode & 0o022 | file.st_mode & 0o077)
    )


def _read(data: str) -> Iterator[tuple[str, int, bytes | None]]:
    """Yield the name, size and content of each file, without zeros at its end; None for folders."""
    for parent, folders, names in os.walk(data):
        for name in folders:
            yield os.path.relpath(os.path.join(parent, name), data), 0, None
        for name in names:
            path = os.path.join(parent, name)
            with open(path, "rb") as file:
                content = file.read()
            yield os.path.relpath(path, data), len(content), content.rstrip(b"\0")


def _write(
    data: str, folders: list[str], files: list[tuple[str, int, bytes]], account: Account
) -> None:
    for name in ("", *folders):
        path = os.path.join(data, name)
        os.mkdir(path, 0o700)
        if account.owner is not None:
            os.chown(path, *account.owner)
    for name, size, content in files:
        path = os.path.join(data, name)
        with open(path, "xb", opener=_new_file, buffering=0) as file:
            file.write(content)
            file.truncate(size)
            if account.owner is not None:
                os.fchown(file.fileno(), *account.owner)


def _new_file(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
