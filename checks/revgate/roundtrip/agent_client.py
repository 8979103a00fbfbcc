"""Our end of the agent: starts it, asks for steps, and explains what keeps it from working.

Knows the protocol (lines of JSON) and the process; not what the steps are for.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.errors import CannotJudgeError
from revgate.postgres.connect import Address, Mask
from revgate.postgres.process import GroupWatch
from revgate.postgres.snapshot import Snapshot, Snapshotter
from revgate.roundtrip.explain import advice
from revgate.roundtrip.interpreter import find_python
from revgate.roundtrip.timeouts import describe_hang

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from revgate.environments import Environment
    from revgate.postgres.server import Server
    from revgate.roundtrip.options import Options

_AGENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "agent", "__main__.py")


class Started(NamedTuple):
    """What the agent says once env.py has come to its migrations."""

    address: Address
    """Of the database that they run on, which need not be the first one that env.py went to."""
    version_table: str
    version_table_schema: str | None
    origin: str = ""
    """Where env.py thinks it is, such as `db.example.com:5432/shop`."""


class Agent:
    """One process, which executes env.py once on one database."""

    def __init__(self, environment: Environment, options: Options) -> None:
        self._environment = environment
        self._timeout = options.timeout
        self._database: Address | None = None
        self._env = dict(options.env)
        self._mask = Mask(os.environ, self._env)
        self._root = options.root
        self._x = options.x_arguments
        self._shared = bool(options.database_url or os.environ.get("REVGATE_DATABASE_URL"))
        self._config = os.path.join(options.root, *environment.config.split("/"))
        folder = os.path.dirname(self._config)
        self.python = find_python(options.python, (folder, options.root))
        self.notes: list[str] = []
        self.further: list[Started] = []
        """The same for each time that env.py runs its migrations after the one we look at."""
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the agent
        self._process = self._spawn(folder, dict(options.env))
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._out, selectors.EVENT_READ)
        self._buffer = b""

    def _spawn(self, folder: str, extra: dict[str, str]) -> subprocess.Popen[bytes]:
        environ = {**os.environ, **extra}
        environ.pop("REVGATE_DATABASE_URL", None)  # it has a password that is none of env.py's
        try:
            process = subprocess.Popen(
                [self.python, _AGENT],
                cwd=folder,
                env=environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                start_new_session=True,
            )
        except OSError as error:
            self._said.close()
            raise CannotJudgeError(f"{self.python} cannot be started: {error.strerror}") from None
        assert process.stdin  # noqa: S101 - opened as pipes
        assert process.stdout  # noqa: S101
        self._in, self._out = process.stdin, process.stdout
        self._watch = GroupWatch(process.pid)
        return process

    def begin(
        self,
        database: Address,
        head: str,
        make: Callable[[str], None],
        *,
        production: bool = False,
        context: int = 0,
        lock_timeout: float | None = None,
    ) -> Started:
        """Execute env.py up to its migrations.

        Args:
            database: What the first place that env.py connects to is answered with.
            head: The revision to upgrade to.
            make: Makes a database of a name, for each further place that env.py connects to.
            production: Whether it goes on to the head, as `alembic upgrade head` does.
            context: The number of the time that env.py runs its migrations, from 0, which is
                stepped.
            lock_timeout: Seconds that a statement may wait for a lock, where env.py does not say.

        Raises:
            CannotJudgeError: It does not get there.
        """
        self.receive("ready")
        self._database, self._make = database, make
        self._mask = Mask(os.environ, self._env, known=[database.password])
        self._send_job(
            database,
            context=context,
            mode="production" if production else "steps",
            head=head,
            lock_timeout=lock_timeout,
        )
        answer = self.receive("started")
        started = self._started(answer)
        self._database = started.address
        if not production:
            self.receive("idle")
        return started

    def script(self, start: str, head: str) -> str:
        """Execute env.py in offline mode, and return the SQL from one revision to another.

        Raises:
            CannotJudgeError: It raises, or connects to something.
        """
        self.receive("ready")
        self._make = _refuse_databases
        nowhere = Address("127.0.0.1", 1, "nobody", "", "nowhere")
        self._send_job(nowhere, context=0, mode="script", head=head, start=start)
        answer = self.receive("finished", "failed", doing="env.py in offline mode")
        if answer["event"] == "failed":
            raise CannotJudgeError(
                f"`{answer['revision']}`, line {answer['line']}, cannot be written as SQL:"
                f" {answer['message']}"
            )
        sql: str = answer["sql"]
        return sql

    def _send_job(self, database: Address, **more: Any) -> None:
        self.send(
            **more,
            shared=self._shared,
            database=database._asdict(),
            config=self._config,
            section=self._environment.section,
            script_location=os.path.join(self._root, self._environment.script_location),
            folders=list(dict.fromkeys([os.path.dirname(self._config), self._root])),
            x=list(self._x),
        )

    def _started(self, answer: dict[str, Any]) -> Started:
        assert self._database  # noqa: S101 - it has been told where to begin
        address = self._database._replace(database=answer["database"])
        names = ("version_table", "version_table_schema", "origin")
        return Started(address, *(answer[name] for name in names))

    def _have_made(self, name: str) -> None:
        try:
            self._make(name)
        except CannotJudgeError as error:
            self.send(error=str(error))
        else:
            self.send(error="")

    def step(self, do: str, revision: str, *, watch: bool = False) -> dict[str, Any]:
        """Perform one step; returns `done` or `failed`, after which env.py is over.

        With `watch`, `done` has the step's `statements`: a dictionary for each, as `Statement`.
        """
        self.send(do=do, revision=revision, watch=watch)
        return self.receive("done", "failed", doing=f"`{do}()` of `{revision}`")

    def compare_models(self) -> dict[str, Any]:
        """Compare env.py's models with the database; what is told is in `agent/models.py`."""
        self.send(do="models")
        return self.receive("compared", doing="comparing the models with the database")

    def models_ddl(self, tables: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """Ask for the statements that make some of the models' tables, by schema and name."""
        self.send(do="ddl", tables=list(map(list, tables)))
        return self.receive("compared", doing="reading the models")

    def finish(self) -> dict[str, Any]:
        """Let env.py run to its end; returns `finished` or `failed`."""
        return self.receive("finished", "failed", doing="the rest of env.py")

    def end(self) -> None:
        """Ask for no more steps, and let env.py run to its end."""
        self.send(do="end")
        self.finish()
        self.close()

    def send(self, **request: Any) -> None:
        """Send a line; that the agent has died is found when its answer is read."""
        try:
            self._in.write(json.dumps(request).encode() + b"\n")
            self._in.flush()
        except BrokenPipeError:
            pass

    def receive(self, *wanted: str, doing: str = "env.py") -> dict[str, Any]:
        """Wait for an answer.

        Raises:
            CannotJudgeError: It tells why it cannot go on, dies, or takes too long.
        """
        while True:
            answer = self._next(doing)
            event = answer["event"]
            if event in wanted:
                return answer
            if event == "step":
                doing = f"`upgrade()` of `{answer['revision']}`, in the production pass,"
                continue
            if event == "database":
                self._have_made(answer["name"])
            elif event == "another-context":
                self.further.append(self._started(answer))
            else:
                raise self._explained(answer)

    def _next(self, doing: str) -> dict[str, Any]:
        until = None if self._timeout is None else time.monotonic() + self._timeout
        while b"\n" not in self._buffer:
            left = None if until is None else max(0.0, until - time.monotonic())
            if not self._selector.select(left):
                raise self._hangs(doing)
            data = os.read(self._out.fileno(), 1 << 16)
            if not data:
                raise CannotJudgeError(self._died(doing))
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        # What makes the models' tables is for PostgreSQL, not for anybody's eyes.
        # What is written for use, not for reading, is as it is.
        plain = answer["event"] in ("compared", "finished")
        return answer if plain else self._masked(answer)

    def _masked(self, answer: dict[str, Any]) -> dict[str, Any]:
        masked: dict[str, Any] = self._mask.every(answer)
        return masked

    def _hangs(self, doing: str) -> CannotJudgeError:
        tail = self._tail()
        hang = describe_hang(self._database, self._process.pid, self._said, self._root)
        return CannotJudgeError(
            f"{doing} did not end within {self._timeout:g} seconds{self._mask(hang)}{tail}\n"
            "if it needs longer, allow it with `--timeout SECONDS`; 0 is for no limit"
        )

    def _died(self, doing: str) -> str:
        code = self._process.wait()
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return (
            f"{self.python} ended {how} during {doing}{self._tail()}\n"
            "run `alembic upgrade head` with this Python to see why; another Python is named with"
            " `--python`"
        )

    def _explained(self, answer: dict[str, Any]) -> CannotJudgeError:
        if answer["event"] == "unusable":
            return CannotJudgeError(self._unusable(answer["kind"], answer["message"]))
        env = f"{self._environment.script_location}/env.py"
        if answer["event"] == "finished":
            return CannotJudgeError(
                f"{env} ran to its end without calling `context.run_migrations()`\n"
                "call it in online mode, as Alembic's own template does"
            )
        place = f"{env}:{answer['line']}" if answer.get("line") else env
        if answer["path"]:
            place = f"{self._shown(answer['path'])}:{answer['deepest']}, for {place},"
        return CannotJudgeError(
            f"{place} raised {answer['error']}: {answer['message']}{self._tail()}\n"
            f"{advice(answer['error'], answer['message'], env)}"
        )

    def _shown(self, path: str) -> str:
        return os.path.relpath(path, os.path.realpath(self._root)).replace(os.sep, "/")

    def _unusable(self, kind: str, message: str) -> str:
        match kind:
            case "no-alembic":
                return (
                    f"{self.python} has no Alembic ({message})\n"
                    f"install it: {self.python} -m pip install alembic; or name the Python of"
                    " your project with `--python`"
                )
            case "old-alembic":
                return (
                    f"{self.python} has {message}; revgate needs Alembic 1.9 and SQLAlchemy 1.4"
                    f" or newer\nupgrade: {self.python} -m pip install --upgrade alembic"
                )
            case "dialect":
                return (
                    f"{self._environment.script_location}/env.py uses the dialect {message!r};"
                    " the round trip knows PostgreSQL only\nuse `revgate check` for this history"
                )
            case "online":
                return (
                    f"{self._environment.script_location}/env.py runs its migrations online"
                    " although it is in offline mode\nlet it ask `context.is_offline_mode()`, as"
                    " Alembic's own template does"
                )
            case "offline":
                return (
                    f"{self._environment.script_location}/env.py runs its migrations in offline"
                    " mode (`as_sql`), which changes no database\nlet it run them online unless"
                    " `context.is_offline_mode()`"
                )
            case "flask":
                return (
                    f"{self._environment.script_location}/env.py wants a Flask application:"
                    f" {message}\nname it in the settings: [tool.revgate.env] FLASK_APP ="
                    ' "package:create_app"'
                )
            case _:
                return message

    def _tail(self) -> str:
        """Return the end of what env.py printed, without passwords of URLs."""
        self._said.seek(0, os.SEEK_END)
        self._said.seek(max(0, self._said.tell() - 4000))
        text = self._said.read().decode("utf-8", "replace")
        lines = [line.rstrip() for line in text.splitlines() if line.strip()][-8:]
        return "".join(f"\n    {self._mask(line)}" for line in lines)

    def close(self) -> None:
        """End the process and all that it started."""
        self._watch.close()
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self._process.kill()
        self._selector.close()
        for stream in (self._out, self._said):
            stream.close()
        with suppress(BrokenPipeError):
            self._in.close()
        self._process.wait()


def _refuse_databases(_name: str) -> None:
    raise CannotJudgeError("env.py connects to a database although it runs in offline mode")


class Bench:
    """One database with an agent on it and a snapshotter for it."""

    def __init__(
        self,
        agent: Agent,
        server: Server,
        head: str,
        template: Address | None = None,
        *,
        context: int = 0,
    ) -> None:
        """Make the database, and begin env.py on it.

        Args:
            agent: One that has not begun yet.
            server: Where the database is made.
            head: The revision that env.py is told to upgrade to.
            template: A database of ours to copy, that nobody is connected to; else it is empty.
            context: The number of the time that env.py runs its migrations, from 0, to step.

        Raises:
            CannotJudgeError: There is no database, or env.py does not come to its migrations.
        """
        self._server = server
        self.sees: Callable[[Snapshot], Snapshot] = lambda snapshot: snapshot
        """What of a snapshot is looked at."""
        self.agent = agent
        self.address = server.create_database(template)
        self.snapshotter: Snapshotter | None = None
        try:
            make = partial(server.create_beside, self.address)
            self.started = agent.begin(self.address, head, make, context=context)
            self.snapshotter = Snapshotter(*self.started[:3])
        except BaseException:
            self.close()
            raise

    def take(self) -> Snapshot:
        """Take a snapshot."""
        assert self.snapshotter  # noqa: S101 - set unless __init__ raised
        return self.sees(self.snapshotter.take())

    def close(self) -> None:
        """End the agent and drop the database."""
        self.agent.close()
        if self.snapshotter:
            self.snapshotter.close()
        self._server.drop_database(self.address)
