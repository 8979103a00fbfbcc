"""The relay to a named server: TLS, cancellation, and messages in pieces of any size."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from tests.live.conftest import postgres

from revgate.postgres.connect import Address, connect
from revgate.postgres.relay.frames import Answers, Refusals, Requests, Startup, objection
from revgate.postgres.server import throwaway

ProjectMaker = Callable[..., Any]


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">I", len(body) + 4) + body


def _query(text: str) -> bytes:
    return _message(b"Q", text.encode() + b"\0")


def _look(text: str) -> str | None:
    return "`BAD`" if text == "bad" else None


REQUESTS = (
    _query("good")
    + _message(b"P", b"name\0good\0\0\0")
    + _message(b"B", b"\0name\0" + bytes(6))
    + _message(b"d", bytes(70_000))
    + _message(b"S", b"")
)


@pytest.mark.parametrize("size", [1, 3, 5, 7, 1000, 65536, 1 << 20])
def test_what_is_not_refused_passes_unchanged_in_pieces_of_any_size(size: int) -> None:
    requests, answers = Requests(_look, Refusals()), Answers(Refusals())
    pieces = [REQUESTS[at : at + size] for at in range(0, len(REQUESTS), size)]
    assert b"".join(map(requests.feed, pieces)) == REQUESTS
    assert b"".join(map(answers.feed, pieces)) == REQUESTS


@pytest.mark.parametrize("size", [1, 4, 6, 1000])
def test_a_refused_statement_is_replaced_and_so_is_its_error(size: int) -> None:
    refusals = Refusals()
    requests, answers = Requests(_look, refusals), Answers(refusals)
    stream = _message(b"P", b"s\0bad\0\0\1\0\0\0\x17") + _query("good")
    passed = b"".join(requests.feed(stream[at : at + size]) for at in range(0, len(stream), size))
    assert passed.endswith(_query("good"))
    assert b"bad" not in passed
    statement = passed[7 : passed.index(b"\0", 7)]
    mark = statement.split(b"'")[1]

    other = _message(b"E", b"SERROR\0Mother\0\0")
    ours = _message(b"E", b'SERROR\0Minvalid: "' + mark + b'"\0\0')
    ready = _message(b"Z", b"E")
    stream = other + ours + ready
    seen = b"".join(answers.feed(stream[at : at + size]) for at in range(0, len(stream), size))
    assert seen.startswith(other)
    assert seen.endswith(ready)
    assert b"`BAD` was refused: only the throwaway database" in seen
    assert mark not in seen


STARTUPS = [
    ([], "no database"),
    ([("user", "postgres")], "`postgres`"),
    ([("user", "x"), ("database", "postgres")], "`postgres`"),
    ([("database", "ours_1"), ("database", "postgres")], "`postgres`"),
    ([("database", "ours_1"), ("replication", "database")], "replication"),
    ([("database", "ours_1"), ("replication", "1")], "replication"),
]


@pytest.mark.parametrize(("parameters", "named"), STARTUPS)
def test_connections_to_other_databases_are_refused(
    parameters: list[tuple[str, str]], named: str
) -> None:
    assert named in (objection(_startup(parameters), _owns) or "nothing")


@pytest.mark.parametrize("more", [[], [("replication", "off")], [("options", "-c a.b=postgres")]])
def test_connections_to_databases_of_the_run_pass(more: list[tuple[str, str]]) -> None:
    assert objection(_startup([("user", "postgres"), ("database", "ours_1"), *more]), _owns) is None


def _owns(name: str) -> bool:
    return name.startswith("ours_")


def _startup(parameters: list[tuple[str, str]]) -> Startup:
    text = "".join(f"{name}\0{value}\0" for name, value in parameters) + "\0"
    body = struct.pack(">I", 196608) + text.encode()
    return Startup(196608, struct.pack(">I", len(body) + 4) + body)


# -- TLS -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate() -> Iterator[Path]:
    """Return a folder with a certificate of 127.0.0.1 and its key."""
    folder = Path(tempfile.mkdtemp(prefix="Certificate-"))
    folder.chmod(0o755)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(folder / "key"), "-out", str(folder / "crt")],
        check=True, capture_output=True,
    )  # fmt: skip
    (folder / "key").chmod(0o600)
    if os.geteuid() == 0:
        shutil.chown(folder / "key", "postgres")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def secured(certificate: Path) -> Iterator[Address]:
    with postgres(
        "ssl=on", f"ssl_cert_file={certificate}/crt", f"ssl_key_file={certificate}/key"
    ) as (address, _):
        yield address


BODY = """
def upgrade():
    encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    assert op.get_bind().exec_driver_sql(encrypted).scalar() is {expected}
    op.execute("CREATE TABLE t AS SELECT repeat('x', 1000) AS a FROM generate_series(1, 3000)")
    assert len(op.get_bind().exec_driver_sql("SELECT * FROM t").fetchall()) == 3000


def downgrade():
    op.execute("DROP TABLE t")
"""
MODES = {"disable": False, "prefer": True, "require": True, "verify-ca": True, "verify-full": True}


@pytest.mark.parametrize("mode", MODES)
def test_connections_are_encrypted_as_the_url_says(
    project: ProjectMaker, secured: Address, certificate: Path, mode: str
) -> None:
    root = (("sslrootcert", f"{certificate}/crt"),) if mode.startswith("verify") else ()
    address = secured._replace(parameters=(("sslmode", mode), *root))
    made = project(BODY.replace("{expected}", str(MODES[mode])))
    observed = made.run(database_url=address.url(), rows=False)
    assert observed.failures == observed.after_downgrade == ()


def test_a_cancellation_goes_through(secured: Address) -> None:
    with throwaway(secured.url()) as server:
        database = server.create_database().for_migrations()
        assert database.host != secured.host
        connection = connect(database)
        timer = threading.Timer(0.5, connection.cancel)
        timer.start()
        begun = time.monotonic()
        with connection.cursor() as cursor, pytest.raises(psycopg2.errors.QueryCanceled):
            cursor.execute("SELECT pg_sleep(30)")
        assert time.monotonic() - begun < 20
        connection.close()


def test_large_answers_and_large_statements_pass(secured: Address) -> None:
    with throwaway(secured.url()) as server:
        connection = connect(server.create_database().for_migrations())
        with connection.cursor() as cursor:
            text = "x" * 5_000_000
            cursor.execute("SELECT %s, repeat('y', 5000000)", (text,))
            assert cursor.fetchone() == (text, "y" * 5_000_000)
        connection.close()
