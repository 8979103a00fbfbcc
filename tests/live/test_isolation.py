"""A revision reaches only the throwaway database: many ways to reach a second, real server."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from tests.live.conftest import Production, postgres

import revgate
from revgate.errors import CannotJudgeError
from revgate.postgres import isolation
from revgate.postgres.connect import connect

if TYPE_CHECKING:
    from revgate.postgres.connect import Address
    from revgate.postgres.server import Server

ProjectMaker = Callable[..., Any]
ROWS = False
Interpreter = Callable[[str], str]
SCRIPT = Path(__file__).with_name("ways.py")

BODY = """
import ways


def upgrade():
    ways.try_all("results.json")


def downgrade():
    pass
"""


class Named(NamedTuple):
    """A server for `--database-url`, which is not isolated."""

    address: Address
    log: Path

    def reached(self) -> set[str]:
        """Return the databases that clients other than revgate itself connected to."""
        found = re.findall(
            r"connection authorized: user=\S+ database=(\S+)(?: application_name=(\S+))?",
            self.log.read_text(),
        )
        return {database for database, application in found if application != "revgate"}


@pytest.fixture(scope="module")
def named() -> Iterator[Named]:
    with postgres("log_connections=on", "wal_level=logical") as (address, folder):
        yield Named(address, folder / "log")


@pytest.fixture
def production(production_server: Server, monkeypatch: pytest.MonkeyPatch) -> Production:
    made = Production(production_server)
    monkeypatch.setenv("FAR_HOST", made.address.host)
    monkeypatch.setenv("FAR_PORT", str(made.address.port))
    monkeypatch.setenv("FAR_PASSWORD", made.address.password)
    return made


def test_every_way_arrives_outside_of_a_round_trip(
    named: Named, production: Production, interpreter: Interpreter, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    address = named.address
    monkeypatch.setenv("FAR_BUILT", "yes")
    environ = {**os.environ, "PGHOST": address.host, "PGPORT": str(address.port),
               "PGUSER": address.user, "PGPASSWORD": address.password,
               "PGDATABASE": "postgres"}  # fmt: skip
    file = tmp_path / "results.json"
    command = [interpreter("sqlalchemy2.0"), str(SCRIPT), str(file)]
    subprocess.run(command, env=environ, cwd=tmp_path, check=True)
    _end_subscription(address)  # its worker would go on to connect
    results = json.loads(file.read_text())
    # Of two that make the same object the first one has arrived.
    twice = {name: why for name, why in results.items() if why and "already exists" not in why}
    assert twice == {}
    assert production.visits() >= len(results) - 2


def _end_subscription(address: Address) -> None:
    connection = connect(address)
    with connection.cursor() as cursor:
        cursor.execute("ALTER SUBSCRIPTION away DISABLE")
        cursor.execute("ALTER SUBSCRIPTION away SET (slot_name = NONE)")
        cursor.execute("DROP SUBSCRIPTION away")
        cursor.execute("SELECT pg_sleep(0.5)")
    connection.close()


def _attempts(project: ProjectMaker, **options: Any) -> tuple[Any, dict[str, str]]:
    made = project(BODY, ini="prepend_sys_path = .")
    shutil.copy(SCRIPT, made.root / "ways.py")
    observed = made.run(rows=False, **options)
    return observed, json.loads((made.root / "results.json").read_text())


@pytest.mark.parametrize("kind", ["local", "embedded"])
def test_no_way_arrives_from_a_revision_on_a_server_of_ours(
    project: ProjectMaker,
    interpreter: Interpreter,
    production: Production,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    monkeypatch.setenv("REVGATE_SERVER", kind)
    monkeypatch.setenv("FAR_BUILT", "yes")
    python = interpreter("sqlalchemy2.0")
    observed, results = _attempts(project, database_url=None, python=python)

    assert [name for name, why in results.items() if not why] == []
    assert len(results) > 30
    assert production.visits() == 0
    assert (observed.isolation, observed.server.kind) == ("kernel", kind)


def test_no_way_arrives_from_a_revision_on_a_server_that_was_named(
    project: ProjectMaker, interpreter: Interpreter, production: Production, named: Named
) -> None:
    observed, results = _attempts(
        project, database_url=named.address.url(), python=interpreter("sqlalchemy2.0")
    )

    assert [name for name, why in results.items() if not why] == []
    assert production.visits() == 0
    assert (observed.isolation, observed.server.kind) == ("kernel", "url")


OTHER_DATABASES = """
import os, subprocess, psycopg2

ATTEMPTS = [
    ["psql", "-X", "-d", "postgres", "-c", "SELECT 1"],
    ["psql", "-X", "-d", "template1", "-c", "SELECT 1"],
    ["psql", "-X", "-v", "ON_ERROR_STOP=1", "-c", "\\\\connect postgres"],
    ["psql", "-X", "-d", "replication=database dbname=" + os.environ["PGDATABASE"], "-c", ""],
    ["psql", "-X", "-d", "replication=true", "-c", "IDENTIFY_SYSTEM"],
    ["psql", "-X", "-d", "dbname='postgres' options='-c search_path=x'", "-c", "SELECT 1"],
    ["psql", "-X", "-h", {host!r}, "-p", "{port}", "-d", "postgres", "-c", "SELECT 1"],
    ["psql", "-X", "-h", {folder!r}, "-p", "{port}", "-d", "postgres", "-c", "SELECT 1"],
    ["pg_dumpall", "--globals-only", "-l", "postgres"],
]


def upgrade():
    for words in ATTEMPTS:
        done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode, words
    subprocess.run(["psql", "-X", "-c", "CREATE TABLE made (a int)"], check=True)


def downgrade():
    subprocess.run(["psql", "-X", "-c", "DROP TABLE made"], check=True)
"""


def test_no_other_database_of_the_named_server_is_reached(
    project: ProjectMaker, named: Named
) -> None:
    body = OTHER_DATABASES.replace("{host!r}", repr(named.address.host)).replace(
        "{port}", str(named.address.port)
    )
    body = body.replace("{folder!r}", repr(str(named.log.parent)))
    before = named.reached()
    observed = project(body).run(database_url=named.address.url(), rows=False)
    assert observed.failures == observed.after_downgrade == ()
    reached = named.reached() - before
    assert reached
    assert all(re.fullmatch(r"revgate_[0-9a-f]{12}_\d+", name) for name in reached)


STATEMENTS = """
import psycopg2


def upgrade():
    raw = psycopg2.connect("")
    raw.autocommit = True
    {how}


def downgrade():
    pass
"""
HOWS = {
    "a raw cursor": "raw.cursor().execute(\"/* x */ ALTER -- y\\n SYSTEM SET work_mem = '9MB'\")",
    "SQLAlchemy": "op.execute(\"COMMIT; ALTER SYSTEM SET work_mem = '9MB'\")",
    "psql": 'import subprocess; done = subprocess.run(["psql", "-X", "-c", "ALTER SYSTEM SET'
    " work_mem = '9MB'\"], capture_output=True, text=True); "
    "raise RuntimeError(done.stderr) if done.returncode else None",
}


@pytest.mark.parametrize("how", HOWS)
def test_a_statement_about_the_whole_server_is_refused_from_everywhere(
    project: ProjectMaker, server: Server, how: str
) -> None:
    body = STATEMENTS.replace("{how}", HOWS[how])
    (failure,) = project(body).run(rows=False).failures
    assert "ALTER SYSTEM was refused: only the throwaway database may be changed" in failure.message


@pytest.mark.parametrize(("environment", "driver"), [
    ("sqlalchemy2.0", "asyncpg"), ("sqlalchemy2.1", "psycopg"), ("oldest", "pg8000"),
])  # fmt: skip
def test_a_refusal_leaves_the_transaction_failed_and_the_connection_usable(
    project: ProjectMaker, interpreter: Interpreter, sync_env: str, async_env: str,
    environment: str, driver: str,
) -> None:  # fmt: skip
    body = """
def upgrade():
    bind = op.get_bind()
    for statement in ("ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()"):
        try:
            with bind.begin_nested():
                bind.exec_driver_sql(statement)
        except sa.exc.DBAPIError as error:
            assert "was refused" in str(error), error
        else:
            raise AssertionError(statement)
    op.execute("CREATE TABLE t (a int)")


def downgrade():
    op.execute("DROP TABLE t")
"""
    env = async_env if driver == "asyncpg" else sync_env
    made = project(body, env=env, url=f"postgresql+{driver}://u:p@192.0.2.1/x")
    observed = made.run(python=interpreter(environment), rows=False)
    assert observed.failures == observed.after_downgrade == ()
    assert observed.passes[0].tables == 1


def test_a_run_that_requires_the_kernel_ends_where_the_settings_open_the_network(
    project: ProjectMaker,
) -> None:
    body = "def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n"
    made = project(body)
    assert made.run(require_isolation=True, rows=False).isolation == "kernel"
    with pytest.raises(CannotJudgeError, match="--require-isolation"):
        made.run(require_isolation=True, network=True)


# -- the filter itself ---------------------------------------------------------------------------


_COPY = """
import sys
import tempfile
sys.path.insert(0, {folder!r})
import isolation
del sys.path[0]
isolation.adopt_orphans()
assert isolation.enter({kept!r})
exec({code!r})
"""
Sealed = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(params=["a program", "a copy"])
def sealed(request: pytest.FixtureRequest) -> Sealed:
    """Return what runs code as an agent: one that is executed, or a copy of a preloader."""

    def run(code: str, *words: str, **options: str) -> subprocess.CompletedProcess[str]:
        if request.param == "a copy":
            folder = os.path.dirname(isolation.__file__)
            code = _COPY.format(folder=folder, kept=options.get("keep", "/"), code=code)
            options["first"] = "yes"
        command = isolation.command([sys.executable, "-c", code, *words], **options)
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")

    return run


CALLS = {
    "io_uring_setup": (425, 1),
    "io_uring_enter": (426, -1),
    "pidfd_getfd": (438, -1),
    "open_tree": (428, -1),
    "mount_setattr": (442, -1),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls_that_lead_past_the_filter_are_refused(name: str, sealed: Sealed) -> None:
    number, _ = CALLS[name]
    code = (
        "import ctypes, errno; f = ctypes.CDLL(None, use_errno=True).syscall;"
        f" f({number}, *[ctypes.c_long(-1)] * 6);"
        " print(errno.errorcode[ctypes.get_errno()])"
    )
    assert sealed(code).stdout == "EPERM\n"
    plain = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert plain.stdout != "EPERM\n"


FAMILIES = [name for name in ("AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_VSOCK")
            if hasattr(socket, name)]  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", ["SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW"])
def test_sockets_of_other_families_are_refused(family: str, kind: str, sealed: Sealed) -> None:
    code = (
        f"import socket\ntry: socket.socket(socket.{family}, socket.{kind})\n"
        "except OSError as error: print(error.errno)"
    )
    assert sealed(code).stdout == "13\n"


def test_unix_sockets_and_pairs_are_as_before(sealed: Sealed) -> None:
    code = (
        "import asyncio, socket; socket.socketpair(); asyncio.run(asyncio.sleep(0));"
        " a = socket.socket(socket.AF_UNIX); a.bind('\\0inside'); a.listen();"
        " socket.socket(socket.AF_UNIX).connect('\\0inside')"
    )
    assert sealed(code).returncode == 0


@pytest.mark.parametrize("place", ["file", "abstract"])
def test_a_socket_of_another_server_is_hidden(place: str, tmp_path: Path, sealed: Sealed) -> None:
    name = "\0outside-of-revgate" if place == "abstract" else str(tmp_path / "s")
    tmp_path.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(name)
        listener.listen()
        code = f"import socket; socket.socket(socket.AF_UNIX).connect({name!r})"
        assert subprocess.run([sys.executable, "-c", code]).returncode == 0
        hidden = sealed(code, keep="/no/such/folder")
        assert hidden.returncode, "reached"
        kept = sealed(code, keep=str(tmp_path))
        assert kept.returncode == (0 if place == "file" else 1)


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """Return a folder of a user without rights, with a copy of the module in it."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        shutil.copy(isolation.__file__, folder)
        os.chmod(folder, 0o777)  # noqa: S103 - that user creates and connects to sockets
        yield Path(folder)


def _sealed_without_rights(
    how: str, folder: Path, code: str, **options: str
) -> subprocess.CompletedProcess[str]:
    """Run code as an agent, all of it as a user without rights."""
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable
    if how == "a copy":
        code = _COPY.format(folder=str(folder), kept=options.get("keep", "/"), code=code)
        options["first"] = "yes"
    script = (
        f"import os, sys; sys.path.insert(0, {str(folder)!r}); import isolation\n"
        f"words = isolation.command([sys.executable, '-c', {code!r}], **{options!r})\n"
        "os.execv(words[0], words)"
    )
    nobody: dict[str, Any] = {"user": 65534, "group": 65534, "extra_groups": ()}
    return subprocess.run(
        [python, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        **(nobody if os.geteuid() == 0 else {}),
    )


@pytest.mark.parametrize("how", ["a program", "a copy"])
def test_the_filter_needs_no_privileges_and_cannot_be_removed(how: str, unprivileged: Path) -> None:
    script = (
        "import ctypes, os, socket\n"
        "assert os.geteuid() != 0\n"
        "print('started', flush=True)\n"
        "ctypes.CDLL(None).prctl(22, 0, 0, 0, 0)\n"  # PR_SET_SECCOMP, disabled
        "os.execvp('bash', ['bash', '-c', 'exec 3<>/dev/tcp/127.0.0.1/1'])\n"
    )
    done = _sealed_without_rights(how, unprivileged, script)
    assert done.stdout == "started\n", done.stderr
    assert "Permission denied" in done.stderr


@pytest.mark.parametrize("how", ["a program", "a copy"])
def test_without_privileges_none_are_gained_and_sockets_are_hidden(
    how: str, unprivileged: Path
) -> None:
    """A user namespace, which hides the sockets, gives rights that could uncover them."""
    place = str(unprivileged / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
        os.chmod(place, 0o777)  # noqa: S103
        listener.listen()
        code = (
            "import ctypes, socket\n"
            "print(open('/proc/self/status').read().split('CapEff:')[1].split()[0], flush=True)\n"
            f"ctypes.CDLL(None).umount2({place.encode()!r}, 2)\n"
            f"socket.socket(socket.AF_UNIX).connect({place!r})\n"
        )
        hidden = _sealed_without_rights(how, unprivileged, code, keep="/no/such/folder")
        kept = _sealed_without_rights(how, unprivileged, code, keep=str(unprivileged))
    assert hidden.stdout == f"{0:016x}\n", hidden.stderr
    assert "refused" in hidden.stderr
    assert kept.returncode == 0, kept.stderr


def test_a_copy_has_the_capabilities_of_a_program() -> None:
    code = "print(open('/proc/self/status').read().split('CapPrm:')[1].split('CapBnd:')[0])"
    program = subprocess.run(
        isolation.command([sys.executable, "-c", code]), capture_output=True, text=True, check=True
    )
    copy = _COPY.format(folder=os.path.dirname(isolation.__file__), kept="/", code=code)
    words = isolation.command([sys.executable, "-c", copy], first="yes")
    assert (
        subprocess.run(words, capture_output=True, text=True, check=True).stdout == program.stdout
    )


ROOTS_WAYS = {
    "a program that the kernel runs": "open('/proc/sys/kernel/core_pattern', 'r+').close()",
    "a program for events": "open('/sys/kernel/uevent_helper', 'r+').close()",
    "the disk itself": "os.mknod(os.path.join(sys.argv[1], 'disk'), 0o60600, os.makedev(7, 0))",
    "a signal to another process": "os.kill(int(sys.argv[2]), 0)",
}


@pytest.mark.parametrize("way", ROOTS_WAYS)
def test_what_root_could_do_is_refused(way: str, tmp_path: Path, sealed: Sealed) -> None:
    """Ways to have a program run outside of the filter, or to end what watches over the run."""
    script = f"import os, sys\n{ROOTS_WAYS[way]}"
    words = (str(tmp_path), str(os.getpid()))
    outside = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, check=False
    )
    (tmp_path / "disk").unlink(missing_ok=True)
    inside = sealed(script, *words, keep=os.path.join(str(tmp_path), "none"))
    if os.geteuid() == 0 and "No such file" not in outside.stderr:
        assert outside.returncode == 0, outside.stderr  # positive control
    assert inside.returncode != 0
    assert "Error" in inside.stderr


def test_other_processes_are_out_of_reach(sealed: Sealed) -> None:
    for code in (
        f"open('/proc/{os.getpid()}/mem', 'r+b')",
        f"open('/proc/{os.getpid()}/root/etc/passwd')",
    ):
        assert subprocess.run([sys.executable, "-c", code]).returncode == 0
        assert "PermissionError" in sealed(code).stderr


def _judged(program: bytes, architecture: int, number: int, *arguments: int) -> int:
    """Interpret a filter, as the kernel does."""
    import struct

    words = {4: architecture, 0: number}
    for position, argument in enumerate(arguments):
        words[16 + 8 * position] = argument
    code = list(struct.iter_unpack("HBBI", program))
    at = value = 0
    while True:
        operation, yes, no, operand = code[at]
        at += 1
        if operation == 0x20:
            value = words.get(operand, 0)
        elif operation == 0x54:
            value &= operand
        elif operation == 0x15:
            at += yes if value == operand else no
        elif operation == 0x35:
            at += yes if value >= operand else no
        else:
            return int(operand)


ALLOWED, REFUSED, NO_ACCESS = isolation.ALLOWED, isolation.ERROR | 1, isolation.ERROR | 13


@pytest.mark.parametrize("name", isolation.MACHINES)
@pytest.mark.parametrize("datagrams", [False, True])
def test_the_filter_of_each_architecture(name: str, datagrams: bool) -> None:
    machine = isolation.MACHINES[name]
    program = isolation.program(machine, datagrams=datagrams)

    def judge(number: int, *arguments: int) -> int:
        return _judged(program, machine.audit, number, *arguments)

    assert judge(0) == judge(machine.socket, 1) == ALLOWED
    assert judge(machine.socket, 1, 2) == ALLOWED
    for family in (0, 2, 3, 10, 16, 17, 40):
        assert judge(machine.socket, family, 1) == NO_ACCESS
    for family in (2, 10):
        for flags in (0, 0o2000000):
            expected = ALLOWED if datagrams else NO_ACCESS
            assert judge(machine.socket, family, 2 | flags) == expected
            assert judge(machine.socket, family, 3 | flags) == NO_ACCESS
    for number in (*machine.refused, 425, 426, 427, 438):
        assert judge(number) == REFUSED
    assert _judged(program, 0x40000003, 1) == REFUSED
    if machine.foreign is not None:
        assert judge(machine.foreign + machine.socket, 1) == REFUSED


# -- what the user sees --------------------------------------------------------------------------

ASKS_A_STORE = """
def upgrade():
    import urllib.request

    urllib.request.urlopen("http://192.0.2.1/secret")


def downgrade():
    pass
"""


def _cli(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    subprocess.run(["git", "init", "-q", "."], cwd=root, check=True)
    command = [sys.executable, "-m", "revgate", "roundtrip", "--no-rows", *words]
    environ = {**os.environ, "PYTHONPATH": str(Path(revgate.__file__).parents[1])}
    return subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True)


def test_a_refused_connection_is_explained_in_the_finding(project: ProjectMaker) -> None:
    answer = _cli(project(ASKS_A_STORE).root)
    assert answer.returncode == 1, answer.stderr
    assert "Permission denied" in answer.stdout
    assert "set `network = true` in the settings if env.py needs a secret store" in answer.stdout


def test_reports_say_what_isolates_the_migrations(project: ProjectMaker) -> None:
    root = project("def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n").root
    (root / "revgate.toml").write_text('file-name = "any"\n')
    answer = _cli(root, "--format", "json", "--require-isolation")
    assert json.loads(answer.stdout)["roundtrip"]["isolation"] == "kernel"

    (root / "revgate.toml").write_text('file-name = "any"\nnetwork = true\n')
    answer = _cli(root, "--format", "json")
    assert json.loads(answer.stdout)["roundtrip"]["isolation"] == "guards"
    assert "note: only guards in the database drivers" in _cli(root).stdout
    refused = _cli(root, "--require-isolation")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "`--require-isolation`" in refused.stderr
