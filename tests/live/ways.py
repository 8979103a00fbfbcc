"""Ways in which a revision can try to reach another server; each one raises unless it succeeds.

A script: `python ways.py FILE` tries all of them and writes, as JSON, what stopped each. A revision
imports it and calls `try_all`. The variables FAR_* name the server; those of libpq name the one
that runs SQL.
"""

from __future__ import annotations

import asyncio
import ctypes
import glob
import importlib
import json
import multiprocessing
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

HOST, PORT = os.environ["FAR_HOST"], int(os.environ["FAR_PORT"])
PASSWORD = os.environ["FAR_PASSWORD"]
WORDS = f"host={HOST} port={PORT} user=postgres password={PASSWORD} dbname=postgres"
URL = f"postgresql://postgres:{PASSWORD}@{HOST}:{PORT}/postgres"
PSQL = f"PGPASSWORD={PASSWORD} psql -X -h {HOST} -p {PORT} -U postgres -d postgres -c 'SELECT 1'"
DIRECT = f"import socket; socket.create_connection(({HOST!r}, {PORT})).close()"
DRIVER = f"import psycopg2; psycopg2.connect({WORDS!r}).close()"
WAYS: dict[str, Callable[[], object]] = {}
SQL = {
    "dblink": f"SELECT dblink_connect('{WORDS}')",
    "dblink, quoted": f"SELECT\n--x\n\"dblink_connect\" /* y */ ('{WORDS}')",
    "postgres_fdw": f"""
        CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw
            OPTIONS (host '{HOST}', port '{PORT}', dbname 'postgres');
        CREATE USER MAPPING FOR CURRENT_USER SERVER far
            OPTIONS (user 'postgres', password '{PASSWORD}');
        CREATE FOREIGN TABLE away (relname name) SERVER far
            OPTIONS (schema_name 'pg_catalog', table_name 'pg_class');
        SELECT count(*) FROM away""",
    "COPY TO PROGRAM": f"COPY (SELECT 1) TO PROGRAM $$ {PSQL} $$",
    "COPY FROM PROGRAM": f"CREATE TEMP TABLE t (a text); COPY t FROM/**/PROGRAM $$ {PSQL} $$",
    "a subscription": f"CREATE SUBSCRIPTION away CONNECTION '{WORDS}' PUBLICATION p"
    " WITH (create_slot = false)",
}
_CALL = f"SELECT dblink_connect('{WORDS}')"
BUILT = f"""
    DO $$ BEGIN EXECUTE convert_from('\\x{_CALL.encode().hex()}', 'UTF8'); END $$
"""


def way(function: Callable[[], object]) -> Callable[[], object]:
    """Register a way by its name."""
    WAYS[function.__name__.replace("_", " ")] = function
    return function


def run(*words: str, **environ: str) -> None:
    """Run a program and check that it succeeds."""
    done = subprocess.run(
        words, env={**os.environ, **environ}, timeout=60, capture_output=True, text=True,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-300:]


def in_child(work: Callable[[], object]) -> None:
    """Fork, and check that the child succeeds."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - whatever it is, the child must not go on
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, "the child did not arrive"


def direct() -> None:
    """Connect a socket."""
    socket.create_connection((HOST, PORT), 20).close()


way(direct)


@way
def bash_with_options() -> None:
    run("bash", "-euo", "pipefail", "-c", PSQL)


@way
def substitution_of_a_shell() -> None:
    run("sh", "-ec", f'answer="$({PSQL})"; test -n "$answer"')


@way
def psql_that_connects_again() -> None:
    run("psql", "-X", "-v", "ON_ERROR_STOP=1", "-c", f"\\connect {URL}")


@way
def abbreviated_options() -> None:
    run("psql", "-X", f"--hos={HOST}", f"--por={PORT}", "--usern=postgres", "--dbn=postgres",
        "-c", "SELECT 1", PGPASSWORD=PASSWORD)  # fmt: skip


@way
def pg_dump_of_it() -> None:
    run("pg_dump", "--schema-only", "-d", URL)


@way
def python_without_its_path() -> None:
    run("sh", "-ec", f'PYTHONPATH= exec "{sys.executable}" -c "{DRIVER}"')


@way
def python_in_isolation() -> None:
    run(sys.executable, "-I", "-c", DRIVER)


@way
def python_without_an_environment() -> None:
    done = subprocess.run([sys.executable, "-S", "-c", DIRECT], env={})
    assert done.returncode == 0


@way
def perl() -> None:
    code = f"exit(IO::Socket::INET->new(PeerAddr => '{HOST}', PeerPort => {PORT}) ? 0 : 1)"
    run("perl", "-MIO::Socket::INET", "-e", code)


@way
def bash_itself() -> None:
    run("bash", "-c", f"exec 3<>/dev/tcp/{HOST}/{PORT}")


@way
def copied_psql() -> None:
    real = (glob.glob("/usr/lib/postgresql/*/bin/psql") or [str(shutil.which("psql"))])[0]
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "harmless")
        shutil.copy(real, copy)
        run(copy, "-X", "-d", WORDS, "-c", "SELECT 1")


@way
def c_library() -> None:
    library = ctypes.CDLL(None, use_errno=True)
    made = library.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    address = struct.pack("=HH4s8x", socket.AF_INET, socket.htons(PORT), socket.inet_aton(HOST))
    assert made >= 0, os.strerror(ctypes.get_errno())
    assert library.connect(made, address, len(address)) == 0
    os.close(made)


@way
def libpq() -> None:
    import ctypes.util

    library = ctypes.CDLL(ctypes.util.find_library("pq") or "libpq.so.5")
    library.PQconnectdb.restype = ctypes.c_void_p
    made = ctypes.c_void_p(library.PQconnectdb(WORDS.encode()))
    assert library.PQstatus(made) == 0
    library.PQfinish(made)


@way
def version_six() -> None:
    with socket.socket(socket.AF_INET6) as made:
        made.connect((f"::ffff:{HOST}", PORT))


@way
def thread() -> None:
    arrived: list[bool] = []

    def connect() -> None:
        direct()
        arrived.append(True)

    started = threading.Thread(target=connect)
    started.start()
    started.join()
    assert arrived


@way
def fork() -> None:
    in_child(direct)


@way
def daemon() -> None:
    """Fork twice in a session of its own, as daemons do."""
    reader, writer = os.pipe()

    def leave() -> None:
        os.setsid()
        if os.fork() == 0:
            try:
                direct()
                os.write(writer, b"arrived")
            finally:
                os._exit(0)

    in_child(leave)
    os.close(writer)
    assert os.read(reader, 7) == b"arrived"


@way
def exec_of_another() -> None:
    environ = {"PATH": os.environ["PATH"]}
    in_child(lambda: os.execve("/bin/sh", ["sh", "-c", PSQL], environ))  # noqa: S606 - on purpose


@way
def spawned_program() -> None:
    child = os.posix_spawnp("setsid", ["setsid", "-w", "sh", "-c", PSQL], os.environ)
    assert os.waitpid(child, 0)[1] == 0


@way
def spawned_python() -> None:
    process = multiprocessing.get_context("spawn").Process(target=direct)
    process.start()
    process.join()
    assert process.exitcode == 0


@way
def preloaded_interpreter() -> None:
    run("env", "LD_PRELOAD=libc.so.6", sys.executable, "-c", DIRECT)


@way
def event_loop() -> None:
    async def connect() -> None:
        _, writer = await asyncio.open_connection(HOST, PORT)
        writer.close()

    asyncio.run(connect())


@way
def web() -> None:
    try:
        urllib.request.urlopen(f"http://{HOST}:{PORT}/", timeout=5)
    except (urllib.error.URLError, OSError) as error:
        # The server hangs up on HTTP; what matters is that it was reached.
        if "Permission" in str(error) or "resolution" in str(error):
            raise


@way
def psycopg2() -> None:
    importlib.import_module("psycopg2").connect(WORDS).close()


@way
def psycopg() -> None:
    importlib.import_module("psycopg").connect(WORDS).close()


@way
def asyncpg() -> None:
    asyncio.run(importlib.import_module("asyncpg").connect(URL))


@way
def pg8000() -> None:
    driver = importlib.import_module("pg8000")
    driver.connect("postgres", host=HOST, port=PORT, password=PASSWORD).close()


_NODE = (
    f"require('net').connect({PORT}, '{HOST}', () => process.exit(0))"
    ".on('error', () => process.exit(1))"
)
OPTIONAL = {
    "node": ["node", "-e", _NODE],
    "nc": ["nc", "-z", HOST, str(PORT)],
}
"""Programs that not every machine has."""
for _name, _words in OPTIONAL.items():
    if shutil.which(_name):
        WAYS[_name] = partial(run, *_words)


def _statement(text: str) -> None:
    connection = importlib.import_module("psycopg2").connect("")
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for name in ("dblink", "postgres_fdw"):
                cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {name}")
            cursor.execute(text)
    finally:
        connection.close()


for _name, _text in SQL.items():
    WAYS[_name] = partial(_statement, _text)
    WAYS[f"{_name}, by psql"] = partial(run, "psql", "-X", "-v", "ON_ERROR_STOP=1", "-c", _text)
if os.environ.get("FAR_BUILT"):
    WAYS["what a DO block builds"] = lambda: _statement(BUILT)


def try_all(path: str) -> None:
    """Try each way and write what stopped it; an empty string if it succeeded."""
    told: dict[str, Any] = {}
    for name, attempt in WAYS.items():
        try:
            attempt()
            told[name] = ""
        except BaseException as error:  # noqa: BLE001 - a refusal, in any words
            told[name] = f"{type(error).__name__}: {error}"
    with open(path, "w", encoding="utf-8") as file:
        json.dump(told, file)


if __name__ == "__main__":
    try_all(sys.argv[1])
