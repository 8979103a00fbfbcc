"""A real server in the place of production, and small repositories for the command line."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import textwrap
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from revgate.cli import commands
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


class Repository:
    """An Alembic project in a git repository, judged by the command line."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys

    def write(self, path: str, text: str) -> None:
        """Write a file, with its folders."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))

    def revision(
        self, id_: str, parents: object, up: str, down: str | None, folder: str = "migrations"
    ) -> None:
        """Write a revision, whose functions are given as statements of SQL or as Python.

        Args:
            id_: Its id, and the name of its file.
            parents: Its `down_revision`.
            up: The body of `upgrade`.
            down: The body of `downgrade`; None for a file without one.
            folder: The script location.
        """
        text = f"import sqlalchemy as sa\nfrom alembic import op\nrevision = {id_!r}\n"
        text += f"down_revision = {parents!r}\n"
        for name, body in (("upgrade", up), ("downgrade", down)):
            if body is not None:
                code = body if body.isidentifier() or "(" in body[:12] else f"op.execute({body!r})"
                text += f"\n\ndef {name}():\n    {code}\n"
        self.write(f"{folder}/versions/{id_}.py", text)

    def judge(self, *words: str) -> Judged:
        """Run a command, by default `gate`, which must end with a verdict."""
        code = commands.main([*(words or ("gate",)), "--format", "json"])
        said = self._capsys.readouterr()
        assert said.out, said.err
        told = json.loads(said.out)
        return Judged(code, [(each["rule"], each["revision"]) for each in told["findings"]], told)

    def error(self, *words: str) -> str:
        """Run a command, by default `roundtrip`, which cannot judge; return what it says."""
        assert commands.main([*(words or ("roundtrip",))]) == 3
        return self._capsys.readouterr().err


class Judged(NamedTuple):
    """The verdict of a command."""

    code: int
    findings: list[tuple[str, str]]
    """The rule and the revision of each."""
    told: dict[str, Any]
    """The whole report."""

    @property
    def tables(self) -> list[int]:
        """The number of tables after each pass."""
        return [each["tables"] for each in self.told["roundtrip"]["passes"]]

    @property
    def messages(self) -> str:
        """The messages of all findings."""
        return "\n".join(each["message"] for each in self.told["findings"])


@pytest.fixture
def repository(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    server: Server,
    capsys: pytest.CaptureFixture[str],
    sync_env: str,
) -> Repository:
    """Make a repository with an environment that has no revision yet, and be in it."""
    made = Repository(tmp_path / "project", capsys)
    made.write("alembic.ini", f"[alembic]\nscript_location = migrations\n{URL}\n")
    made.write("migrations/env.py", sync_env)
    made.write("revgate.toml", 'file-name = "any"\nignore = ["revision-id"]\n')
    subprocess.run(["git", "init", "-q", "."], cwd=made.root, check=True)
    monkeypatch.chdir(made.root)
    monkeypatch.setenv("REVGATE_DATABASE_URL", server.address.url())
    return made


URL = "sqlalchemy.url = postgresql+psycopg2://u:p@192.0.2.1/shop"
