"""The half of the round trip that runs in the user's Python; started as a script, never imported.

Needs nothing but that interpreter (3.9 or newer), its Alembic (1.9 or newer) and SQLAlchemy. It
executes env.py once, as the `alembic` command would, and performs one migration step for each line
of JSON on its standard input. Knows nothing of snapshots, findings or servers.

Two promises. After every step everything is committed, whatever transactions env.py has opened:
the commit goes to the driver's connection, below SQLAlchemy's bookkeeping, which then goes on as
if nothing had happened. And no connection is made but to the throwaway database: what SQLAlchemy
opens is answered with it, what drivers open by themselves is refused unless it is that database.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import inspect
import json
import os
import re
import sys
import time
import traceback
from argparse import Namespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

_HERE = os.path.dirname(os.path.abspath(__file__))
DRIVERS = ("psycopg2", "psycopg", "asyncpg", "pg8000")
OTHER_DRIVERS = ("pymysql", "MySQLdb", "mysql", "aiomysql", "pymssql", "pytds", "oracledb")
CLIENTS = ("psql", "pg_dump", "pg_restore", "pg_dumpall", "createdb", "dropdb", "vacuumdb")
# What connect_args may keep: behaviour, not where to go or as whom.
KEPT_ARGUMENTS = [
    "application_name",
    "client_encoding",
    "command_timeout",
    "connection_class",
    "connection_factory",
    "cursor_factory",
    "keepalives",
    "options",
    "prepare_threshold",
    "prepared_statement_cache_size",
    "prepared_statement_name_func",
    "row_factory",
    "server_settings",
    "statement_cache_size",
]


class Refused(Exception):  # noqa: N818 - it is what happened, and users read the name
    """A connection to anything but the throwaway database was attempted."""


class Unusable(Exception):  # noqa: N818 - as above
    """The environment cannot be run at all; `kind` says why, for the other side to explain."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Channel:
    """Lines of JSON to and from the process that started us, out of reach of user code."""

    def __init__(self) -> None:
        self._in = os.fdopen(os.dup(0), "rb")
        self._out = os.fdopen(os.dup(1), "wb")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)  # what user code prints must not end up between our lines

    def send(self, event: str, **facts: Any) -> None:
        """Tell the other side something."""
        self._out.write(json.dumps({"event": event, **facts}).encode() + b"\n")
        self._out.flush()

    def receive(self) -> dict[str, Any]:
        """Wait for the next request; ends the process when the other side is gone."""
        line = self._in.readline()
        if not line:
            os._exit(1)
        request: dict[str, Any] = json.loads(line)
        return request


class Target:
    """The throwaway database, and what counts as a connection to it."""

    def __init__(self, database: Any) -> None:
        self.host = database["host"]
        self.port = int(database["port"])
        self.user = database["user"]
        self.password = database["password"]
        self.database = database["database"]
        self.parameters = dict(database["parameters"])
        self._peers: set[Any] | None = None

    def url(self, driver: str = "", drivername: str = "postgresql") -> Any:
        """Return its URL for a driver."""
        from sqlalchemy.engine import URL

        name = drivername + ("+" + driver if driver else "")
        query = {}
        if driver in ("", "psycopg2", "psycopg", "psycopg_async"):
            query = self.parameters
        elif "sslmode" in self.parameters and driver == "asyncpg":
            query = {"ssl": self.parameters["sslmode"]}
        return URL.create(
            name, self.user, self.password, self.host, self.port, self.database, query
        )

    def is_meant(self, host: Any, port: Any, database: Any) -> bool:
        """Tell whether this is where a driver is about to go; None is libpq's default: us."""
        return (
            host in (None, "", self.host)
            and str(port or self.port) == str(self.port)
            and database in (None, "", self.database)
        )

    def is_peer(self, address: Any) -> bool:
        """Tell whether a socket's peer is the throwaway server."""
        if self._peers is None:
            import socket

            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
            self._peers = {entry[4][:2] for entry in found} | {(self.host, self.port)}
        return isinstance(address, tuple) and tuple(address[:2]) in self._peers

    def refuse(self, attempted: str) -> NoReturn:
        """Refuse a connection, naming where it would have gone."""
        raise Refused(
            f"a connection to {attempted} was refused: only the throwaway database may be reached"
            " while revgate runs this migration history"
        )


def _module(name: str) -> Any:
    """Import a driver's module, of which a type checker knows nothing here."""
    return importlib.import_module(name)


def _place(host: Any, port: Any, database: Any) -> str:
    return f"{host or 'localhost'}:{port or 5432}/{database or ''}"


# -- Connections that SQLAlchemy opens ----------------------------------------------------------


def answer_connections(target: Target) -> None:
    """Answer every connection that any engine opens with one to the throwaway database."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def connect(dialect: Any, _record: Any, _arguments: Any, parameters: Any) -> Any:
        if dialect.name != "postgresql":
            target.refuse(f"a {dialect.name} database")
        arguments, ours = dialect.create_connect_args(target.url(dialect.driver))
        kept = {key: parameters[key] for key in KEPT_ARGUMENTS if key in parameters}
        return dialect.connect(*arguments, **dict(kept, **ours))

    event.listen(Engine, "do_connect", connect)


# -- Connections that drivers open by themselves ------------------------------------------------


def guard_psycopg2(module: Any, target: Target) -> None:
    """Check what psycopg2.connect and its connection class are told."""
    extensions = _module("psycopg2.extensions")
    original, base = module._connect, extensions.connection

    def check(dsn: Any) -> None:
        told = extensions.parse_dsn(dsn or "")
        _check_libpq(told, target)

    def initialise(self: Any, dsn: str = "", *arguments: Any, **keywords: Any) -> None:
        check(dsn)
        base.__init__(self, dsn, *arguments, **keywords)

    # A class statement would ask what the compiled class is; this is the same.
    guarded = type("connection", (base,), {"__init__": initialise})

    def connect(dsn: Any, connection_factory: Any = None, **keywords: Any) -> Any:
        check(dsn)
        return original(dsn, connection_factory=connection_factory or guarded, **keywords)

    inner = _module("psycopg2._psycopg")
    module._connect = inner._connect = connect
    extensions.connection = inner.connection = guarded


def _check_libpq(told: Any, target: Target) -> None:
    """Check libpq's keywords. A service would bring its own host, so it is refused too."""
    place = _place(told.get("host") or told.get("hostaddr"), told.get("port"), told.get("dbname"))
    if told.get("service"):
        target.refuse(f"the service {told['service']}")
    if told.get("hostaddr") not in (None, "", target.host):
        target.refuse(place)
    if not target.is_meant(told.get("host"), told.get("port"), told.get("dbname")):
        target.refuse(place)


def guard_psycopg(_driver: Any, target: Target) -> None:
    """Check the connection string that psycopg hands to libpq, whichever class was asked."""
    generators = _module("psycopg.generators")
    conninfo = _module("psycopg.conninfo")
    pq = _module("psycopg.pq")

    def checked(original: Any) -> Any:
        def connect(told: Any, *arguments: Any, **keywords: Any) -> Any:
            text = told.decode() if isinstance(told, bytes) else told
            _check_libpq(conninfo.conninfo_to_dict(text), target)
            return original(told, *arguments, **keywords)

        return connect

    generators.connect = checked(generators.connect)
    base = pq.PGconn

    # Instances that libpq's own functions made pass for the guarded class too.
    meta = type(
        "Meta", (type(base),), {"__instancecheck__": lambda _, made: isinstance(made, base)}
    )
    members = {
        name: staticmethod(checked(getattr(base, name))) for name in ("connect", "connect_start")
    }
    guarded = meta("PGconn", (base,), members)
    pq.PGconn = guarded
    for name in ("psycopg_binary", "psycopg_c"):  # where the compiled class comes from
        if name in sys.modules:
            sys.modules[name].pq.PGconn = guarded


def guard_asyncpg(_driver: Any, target: Target) -> None:
    """Check each address that asyncpg is about to connect to."""
    utils = _module("asyncpg.connect_utils")
    original = utils._connect_addr

    async def connect(*, addr: Any, params: Any, **keywords: Any) -> Any:
        host, port = addr if isinstance(addr, tuple) else (addr, None)
        if not isinstance(addr, tuple) or not target.is_meant(host, port, params.database):
            target.refuse(_place(host, port, params.database))
        return await original(addr=addr, params=params, **keywords)

    utils._connect_addr = connect


def guard_pg8000(_driver: Any, target: Target) -> None:
    """Check what pg8000's connection is told."""
    core = _module("pg8000.core").CoreConnection
    original = core.__init__
    signature = inspect.signature(original)

    def initialise(self: Any, *arguments: Any, **keywords: Any) -> None:
        told = signature.bind(self, *arguments, **keywords)
        told.apply_defaults()
        host, port, database = (told.arguments[key] for key in ("host", "port", "database"))
        if told.arguments.get("unix_sock") or told.arguments.get("sock"):
            target.refuse("a socket of its own")
        if not target.is_meant(host, port, database):
            target.refuse(_place(host, port, database))
        original(self, *arguments, **keywords)

    setattr(core, "__init__", initialise)  # noqa: B010 - a type checker forbids assigning it


GUARDS = {
    "psycopg2": guard_psycopg2,
    "psycopg": guard_psycopg,
    "asyncpg": guard_asyncpg,
    "pg8000": guard_pg8000,
}


class GuardingFinder(importlib.abc.MetaPathFinder):
    """Guards a driver the moment it is imported; drivers that nobody imports cost nothing."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._pending = {name: guard for name, guard in GUARDS.items() if name not in sys.modules}

    def find_spec(self, name: str, _path: Any = None, _wanted: Any = None) -> Any:
        """Find a driver as others would, and put its guard behind its loading."""
        guard = self._pending.pop(name, None)
        if guard is None:
            return None
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            self._pending[name] = guard
            return None
        load, target = spec.loader.exec_module, self._target

        def load_and_guard(module: Any) -> None:
            load(module)
            guard(module, target)

        loader: Any = spec.loader
        loader.exec_module = load_and_guard
        return spec


def guard_drivers(target: Target) -> None:
    """Guard every driver, and sockets and client programs as a second belt."""
    finder = GuardingFinder(target)
    for name in DRIVERS:
        if name in sys.modules:
            GUARDS[name](sys.modules[name], target)
    sys.meta_path.insert(0, finder)

    def audit(event: str, arguments: Any) -> None:
        if event == "socket.connect":
            _check_socket(arguments[1], target)
        elif event == "subprocess.Popen":
            _check_program(arguments[1], target)

    sys.addaudithook(audit)


def _check_socket(address: Any, target: Target) -> None:
    """Refuse a database driver's own socket; whatever else user code talks to is its affair."""
    frame: Any = sys._getframe(2)
    while frame is not None:
        name = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if name in DRIVERS or name in OTHER_DRIVERS:
            if not target.is_peer(address):
                target.refuse(address if isinstance(address, str) else ":".join(map(str, address)))
            return
        frame = frame.f_back


def _check_program(command: Any, target: Target) -> None:
    """Refuse psql and its like where they are told a server; by themselves they come to us."""
    words = command.split() if isinstance(command, str) else [os.fsdecode(word) for word in command]
    program = os.path.basename(words[0]) if words else ""
    if program not in CLIENTS:
        return
    for word in words[1:]:
        if "://" in word or "host" in word or (word.startswith("-h") and word != "-h"):
            target.refuse(f"a server named on the command line of `{program}`")
        if word == "-h":
            target.refuse(f"a server named on the command line of `{program}`")


def point_environment_at(target: Target) -> None:
    """Let libpq's variables, and DATABASE_URL where there is none, mean the throwaway database."""
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]
    os.environ.update(
        PGHOST=target.host,
        PGPORT=str(target.port),
        PGUSER=target.user,
        PGPASSWORD=target.password,
        PGDATABASE=target.database,
        PGSERVICEFILE=os.devnull,
        PGPASSFILE=os.devnull,
        PGSYSCONFDIR=os.devnull,
    )
    if "DATABASE_URL" not in os.environ:
        installed = [name for name in DRIVERS if importlib.util.find_spec(name)]
        driver = "" if "psycopg2" in installed or not installed else installed[0]
        url = target.url(driver).render_as_string(hide_password=False)
        os.environ["DATABASE_URL"] = url


# -- Alembic ------------------------------------------------------------------------------------


def versions() -> dict[str, str]:
    """Return the versions of what we stand on.

    Raises:
        Unusable: Alembic is not there, or is too old.
    """
    try:
        import alembic
        import sqlalchemy
    except ImportError as error:
        raise Unusable("no-alembic", str(error)) from None
    found = {"python": sys.version.split()[0], "alembic": alembic.__version__}
    found["sqlalchemy"] = sqlalchemy.__version__
    if _numbers(alembic.__version__) < (1, 9):
        raise Unusable("old-alembic", f"Alembic {alembic.__version__}")
    if _numbers(sqlalchemy.__version__) < (1, 4):
        raise Unusable("old-alembic", f"SQLAlchemy {sqlalchemy.__version__}")
    return found


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def open_script(job: dict[str, Any]) -> tuple[Any, Any]:
    """Return Alembic's configuration and script directory, as its command would make them."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    options = Namespace(
        config=None, name=job["section"], x=job["x"] or None, raiseerr=True, quiet=False,
        revision="head", sql=False, tag=None, cmd=(None, ["revision"], ["sql", "tag"]),
    )  # fmt: skip
    config = None
    for folder in job["folders"]:
        os.chdir(folder)
        config = _config(Config, os.path.relpath(job["config"], folder), job["section"], options)
        location = _location(config)
        if location and _same(location, job["script_location"]):
            break
    else:
        os.chdir(job["folders"][0])
        name = os.path.relpath(job["config"], job["folders"][0])
        config = _config(Config, name, job["section"], options)
    return config, ScriptDirectory.from_config(config)


def _config(config_class: Any, name: str, section: str, options: Any) -> Any:
    toml = "toml_file" in inspect.signature(config_class.__init__).parameters
    options.config = [name] if toml else name
    if os.path.basename(name) != "pyproject.toml":
        keywords = {"toml_file": "pyproject.toml"} if toml else {}
        return config_class(file_=name, ini_section=section, cmd_opts=options, **keywords)
    if not toml:
        import alembic

        message = f"Alembic {alembic.__version__} reads no pyproject.toml"
        raise Unusable("old-alembic-for-toml", message)
    return config_class(file_="alembic.ini", toml_file=name, ini_section=section, cmd_opts=options)


def _location(config: Any) -> str | None:
    get = getattr(config, "get_alembic_option", config.get_main_option)
    location: str | None = get("script_location")
    return location


def _same(location: str, expected: str) -> bool:
    return os.path.realpath(location) == os.path.realpath(expected)


class Run:
    """One execution of env.py, and the steps that are asked for while it lasts."""

    def __init__(self, channel: Channel, config: Any, script: Any, job: dict[str, Any]) -> None:
        self._channel = channel
        self._script = script
        self._config = config
        self._job = job
        self.contexts = 0
        self.offline = False
        self._step: tuple[Any, str] | None = None
        self._local: list[str] = []

    def execute(self) -> None:
        """Execute env.py."""
        from alembic.runtime.environment import EnvironmentContext

        work = self._whole if self._job["mode"] == "production" else self._steps
        environment = EnvironmentContext(
            self._config, self._script, fn=work, as_sql=False, tag=None, starting_rev=None,
            destination_rev=self._job["head"],
        )  # fmt: skip
        with environment:
            self._script.run_env()

    def _begin(self, context: Any) -> bool:
        """Tell the other side that a context runs; return whether it is the one we judge."""
        self.contexts += 1
        if context.dialect.name != "postgresql":
            raise Unusable("dialect", context.dialect.name)
        if context.as_sql:
            raise Unusable("offline", "")
        if self.contexts > 1:
            self._channel.send("another-context")
            return False
        self._channel.send(
            "started",
            version_table=context.version_table,
            version_table_schema=context.version_table_schema,
        )
        return True

    def _whole(self, heads: Any, context: Any) -> Iterator[Any]:
        """Yield all steps to the head, in the transactions that env.py asks for."""
        if not self._begin(context):
            return
        for step in self._script._upgrade_revs(self._job["head"], heads):
            revision = step.revision
            yield self._tracked(step, revision, "upgrade")
        self._step = None

    def _steps(self, _heads: Any, context: Any) -> Iterator[Any]:
        from alembic.runtime.migration import MigrationStep

        if not self._begin(context):
            return
        self._remember_local_settings()
        self._commit(context)
        self._channel.send("idle")
        make = {
            "upgrade": MigrationStep.upgrade_from_script,
            "downgrade": MigrationStep.downgrade_from_script,
        }
        while True:
            request = self._channel.receive()
            if request["do"] == "end":
                self._step = None
                return
            revision = self._script.get_revision(request["revision"])
            step = make[request["do"]](self._script.revision_map, revision)
            begun = time.perf_counter()
            yield self._tracked(step, revision, request["do"])
            self._commit(context)
            self._step = None
            took = (time.perf_counter() - begun) * 1000
            self._channel.send("done", ms=round(took, 3), defined=self._defined(revision))

    def _tracked(self, step: Any, revision: Any, do: str) -> Any:
        self._step = (revision, do)
        return step

    def _defined(self, revision: Any) -> dict[str, int]:
        """Return the lines of `def upgrade` and `def downgrade`."""
        return {name: _line_of(revision.module, name) for name in ("upgrade", "downgrade")}

    def _remember_local_settings(self) -> None:
        """Find what env.py has SET LOCAL, which a commit ends, to set it again after each.

        Alembic's own transaction would last for the whole run; ours must not.
        """
        self._local = list(LOCAL_SETTINGS)
        del LOCAL_SETTINGS[:]

    def _commit(self, context: Any) -> None:
        connection = context.connection.connection
        connection.commit()
        for statement in self._local:
            cursor = connection.cursor()
            cursor.execute(statement)
            cursor.close()

    def failure(self, error: BaseException) -> dict[str, Any] | None:
        """Describe an exception as the failure of the step at hand; None outside of steps."""
        if self._step is None or isinstance(error, Unusable):
            return None
        revision, do = self._step
        path = revision.module.__file__
        line, elsewhere = _line_in(error, path)
        described = describe(error)
        described.update(
            revision=revision.revision,
            do=do,
            line=line or _line_of(revision.module, do),
            path=elsewhere if not line else "",
            defined=self._defined(revision),
        )
        return described


LOCAL_SETTINGS: list[str] = []


def watch_local_settings() -> None:
    """Record every SET LOCAL until the first step."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def look(
        _connection: Any, _cursor: Any, statement: Any, _parameters: Any, _context: Any, _many: Any
    ) -> None:
        if re.match(r"\s*SET\s+LOCAL\s", statement, re.IGNORECASE):
            LOCAL_SETTINGS.append(statement)

    event.listen(Engine, "before_cursor_execute", look)


def _line_of(module: Any, name: str) -> int:
    function = inspect.unwrap(getattr(module, name, None) or _line_of)
    code = getattr(function, "__code__", None)
    return code.co_firstlineno if code and function is not _line_of else 1


def _line_in(error: BaseException, path: str) -> tuple[int, str]:
    """Return the deepest line of the file that the exception passed through."""
    found, elsewhere = 0, ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        name = frame.f_code.co_filename
        if os.path.realpath(name) == os.path.realpath(path):
            found = line
        elif isinstance(error, SyntaxError):
            elsewhere = name
    return found, elsewhere


def describe(error: BaseException) -> dict[str, Any]:
    """Return what the driver, whichever it is, knows of an error."""
    statement = getattr(error, "statement", None) or ""
    original = getattr(error, "orig", None) or error
    names = {"error": type(original).__name__}
    cause = original.__cause__ if hasattr(original.__cause__, "sqlstate") else None
    diagnostics = getattr(original, "diag", None)
    if diagnostics is not None and getattr(diagnostics, "message_primary", None):
        facts = [diagnostics.message_primary, diagnostics.message_detail,
                 diagnostics.message_hint, diagnostics.sqlstate]  # fmt: skip
    elif original.args and isinstance(original.args[0], dict):  # pg8000
        facts = [original.args[0].get(key) for key in "MDHC"]
        names["error"] = type(original).__name__
    elif cause is not None or hasattr(original, "sqlstate"):  # asyncpg
        source: Any = cause or original
        names["error"] = type(source).__name__
        facts = [getattr(source, "message", None) or str(source), getattr(source, "detail", None),
                 getattr(source, "hint", None), source.sqlstate]  # fmt: skip
    else:
        facts = [str(original), None, None, None]
    message, detail, hint, sqlstate = [str(fact or "").strip() for fact in facts]
    lines = [line.strip() for line in str(statement).splitlines() if line.strip()]
    return dict(names, statement=lines[0] if lines else "", message=message, detail=detail,
                hint=hint, sqlstate=sqlstate)  # fmt: skip


def _first_line_of_env(error: BaseException, script: Any) -> int:
    line, _ = _line_in(error, os.path.join(script.dir, "env.py")) if script else (0, "")
    return line


def work(channel: Channel) -> None:
    """Do one job: execute env.py once."""
    channel.send("ready", **versions())
    job = channel.receive()
    target = Target(job["database"])
    point_environment_at(target)
    answer_connections(target)
    guard_drivers(target)
    watch_local_settings()
    script = run = None
    try:
        config, script = open_script(job)
        run = Run(channel, config, script, job)
        run.execute()
    except BaseException as error:
        if isinstance(error, Unusable):
            raise
        traceback.print_exc()
        failure = run.failure(error) if run else None
        if failure:
            channel.send("failed", **failure)
        else:
            line = _first_line_of_env(error, script)
            channel.send("broken", line=line, **describe(error))
        return
    channel.send("finished", contexts=run.contexts)


def main() -> None:
    """Talk with the process that started us until it has what it wants."""
    channel = Channel()
    # The folder of this script is full of names that are no business of the user's imports.
    if sys.path and os.path.abspath(sys.path[0] or ".") == _HERE:
        del sys.path[0]
    try:
        work(channel)
    except Unusable as error:
        channel.send("unusable", kind=error.kind, message=str(error))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # threads of the user's that never end must not keep us


if __name__ == "__main__":
    main()
