"""A real server in the place of production, for what must never reach it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from revgate.postgres.connect import Address, connect
from revgate.postgres.programs import find_local
from revgate.postgres.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "production-password"


class Production:
    """A real server that must never be reached; its log says who came."""

    def __init__(self, server: Server) -> None:
        self.address = server.address
        connection = connect(server.address)
        with connection.cursor() as cursor:
            cursor.execute("SHOW data_directory")
            self._log = Path(cursor.fetchone()[0]).parent / "log"
            cursor.execute("ALTER SYSTEM SET log_connections = on")
            cursor.execute("SELECT pg_reload_conf()")
        connection.close()
        time.sleep(0.5)
        self._before = 0
        self._before = self.visits()

    def visits(self) -> int:
        """Count the connections since the start, also those that were turned away."""
        return self._log.read_text().count("connection received") - self._before

    def url(self, driver: str) -> str:
        return self.address.url(f"postgresql+{driver}")


@contextmanager
def postgres(*options: str) -> Iterator[tuple[Address, Path]]:
    """Run a server outside of revgate, on loopback and on a socket in its folder.

    Args:
        options: Settings, such as `fsync=off`.

    Yields its address and its folder.
    """
    programs = find_local()
    assert programs
    folder = Path(tempfile.mkdtemp(prefix="Server-"))  # with a capital, unlike a host name
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        user = {"user": "postgres"}
    data, secret = str(folder / "data"), folder / "secret"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    subprocess.run(
        [f"{programs}/initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256",
         "--pwfile", str(secret), "--no-sync"],
        check=True, capture_output=True, cwd=folder, **user,
    )  # fmt: skip
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [f"{programs}/postgres", "-D", data, "-k", str(folder), "-p", str(port)]
    command += [word for option in ("fsync=off", *options) for word in ("-c", option)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stderr=log, **user)
    try:
        while "ready to accept" not in (folder / "log").read_text():
            assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.02)
        yield Address("127.0.0.1", port, "postgres", PASSWORD, "postgres"), folder
    finally:
        process.send_signal(signal.SIGINT)  # the fast shutdown, despite connections
        process.wait()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def production_server() -> Iterator[Server]:
    """Run a server that listens on loopback, in the place of production."""
    with postgres() as (address, _):
        made = Server("url", address)
        yield made
        made.close()
