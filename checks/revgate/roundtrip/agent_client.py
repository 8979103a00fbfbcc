"""The client side of the agent: starts it, asks for steps, and reads its answers."""

from __future__ import annotations

import json
import os
import selectors
import signal
import sys
import tempfile
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, overload

from revgate.errors import CannotJudgeError
from revgate.postgres.connect import Address, Mask
from revgate.postgres.process import GroupWatch
from revgate.roundtrip.agent_process import AgentProcess, ForkServer, agent_command
from revgate.roundtrip.answers import (
    PLAIN_EVENTS,
    Answer,
    Attempted,
    Broken,
    Context,
    DatabaseRequest,
    Done,
    Failed,
    Finished,
    FurtherContext,
    Idle,
    Interrupted,
    Mapped,
    ModelReport,
    ModelsFailed,
    NoModels,
    Order,
    Ready,
    Started,
    StepStarted,
    Table,
    TableStatements,
    Unusable,
    parse,
)
from revgate.roundtrip.explain import (
    explain_fault,
    explain_no_migrations,
    explain_raised,
    explain_unusable,
)
from revgate.roundtrip.interpreter import run_folders
from revgate.roundtrip.timeouts import describe_activity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from revgate.environments import Environment
    from revgate.roundtrip.options import Options

_SHOWN = 60


A = TypeVar("A", bound=Answer)
B = TypeVar("B", bound=Answer)
C = TypeVar("C", bound=Answer)


class MigrationContext(NamedTuple):
    """One call of `context.run_migrations()` in env.py."""

    address: Address
    """The database that it migrates, which need not be the first one that env.py connects to."""
    version_table: str
    version_table_schema: str | None
    origin: str = ""
    """The database that env.py asked for, such as `db.example.com:5432/shop`."""
    schema: str = ""
    """Where a table without a schema is created."""
    stand_ins: Sequence[Sequence[str]] = ()
    """Drivers that are not installed or do not fit, each with the one that was used."""
    left_out: Sequence[str] = ()
    """Commands of Alembic that the application ran on this history when it was loaded."""


class Agent:
    """One process, which executes env.py once on one database."""

    def __init__(
        self,
        environment: Environment,
        options: Options,
        *,
        network: bool = False,
        fork_server: ForkServer | None = None,
    ) -> None:
        """Start the process.

        Args:
            environment: Whose env.py it executes.
            options: How.
            network: Whether it works on a real database and so needs the network.
            fork_server: What starts it; if None, one of its own, or with the network a process
                that is started afresh.
        """
        self._environment = environment
        command = agent_command(environment, options, network=network)
        self._sealed, self.python = command.sealed, command.python
        self._required = options.require_isolation
        self.isolated = False
        """Whether the kernel refuses env.py the network; known after `begin`."""
        self._timeout = options.timeout
        self._database: Address | None = None
        self._env = dict(options.env)
        self._mask = Mask(os.environ, self._env)
        self._root = options.root
        self._x_arguments = options.x_arguments
        self._texts = options.judges_schema
        self._config = os.path.join(options.root, *environment.config.split("/"))
        self.notes: list[str] = []
        self.further_contexts: list[MigrationContext] = []
        """The migration contexts of env.py after the one that the job is about."""
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the agent
        self._own_server = None if fork_server or network else ForkServer(command)
        try:
            starts = fork_server or self._own_server
            self._process = (
                starts.start_agent(self._output) if starts else AgentProcess(command, self._output)
            )
        except CannotJudgeError:
            self._forget_start()
            raise
        self._in, self._out = self._process.stdin, self._process.stdout
        self._watch = GroupWatch(self._process.pid)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._out, selectors.EVENT_READ)
        self._rest = b""
        """What was read after the latest line."""

    def begin(
        self,
        database: Address,
        head: Sequence[str],
        create: Callable[[str], None],
        *,
        production: bool = False,
        context: int = 0,
        lock_timeout: float | None = None,
    ) -> MigrationContext:
        """Execute env.py up to its migrations.

        Args:
            database: What replaces the first database that env.py connects to.
            head: The revisions to upgrade to.
            create: Creates a database with a given name, for each further one that env.py
                connects to.
            production: Whether to continue to the head, as `alembic upgrade head` does.
            context: The number of the migration context to step through, from 0.
            lock_timeout: Seconds that a statement may wait for a lock, unless env.py sets it.

        Raises:
            CannotJudgeError: env.py does not get there.
        """
        self._get_ready()
        self._database, self._create_database = database, create
        self._mask = Mask(os.environ, self._env, known=[database.password])
        self._send_job(
            database,
            context=context,
            mode="production" if production else "steps",
            head=list(head),
            lock_timeout=lock_timeout,
        )
        started = self._located(self._receive(Started).context)
        self._database = started.address
        if not production:
            self._receive(Idle)
        return started

    def _get_ready(self) -> None:
        self.isolated = self._receive(Ready).isolated
        if self._required and not self.isolated:
            raise CannotJudgeError(
                f"`--require-isolation`: {self.explain_guards()}\n"
                "run it on Linux, without `network = true`; or omit the option"
            )

    def explain_guards(self) -> str:
        """Return why the kernel does not isolate the migrations."""
        if not self._sealed:
            why = "`network = true` is set"
        elif sys.platform == "linux":
            why = "the kernel refused the filter"
        else:
            why = "this is not Linux"
        return f"only guards in the database drivers isolate the migrations, because {why}"

    def script(self, start: str, head: str) -> str:
        """Execute env.py in offline mode, and return the SQL from one revision to another.

        Raises:
            CannotJudgeError: env.py raises, or connects to a database.
        """
        self._begin_without_database(mode="script", head=[head], start=start)
        answer = self._receive(Finished, Failed, doing="env.py in offline mode")
        if isinstance(answer, Failed):
            raise CannotJudgeError(
                f"`{answer.revision}`, line {answer.line}, cannot be written as SQL:"
                f" {answer.message}"
            )
        return answer.sql

    def command(self, database: Address, words: Sequence[str]) -> str:
        """Run a command of Alembic on a database, and return what it prints.

        Raises:
            CannotJudgeError: It fails, or env.py connects to a second database.
        """
        self._get_ready()
        self._database, self._create_database = database, _refuse_second
        self._mask = Mask(os.environ, self._env, known=[database.password])
        self._send_job(database, context=0, mode="command", head=[], words=list(words))
        return self._receive(Finished, doing=f"`alembic {words[0]}`").sql

    def order(self) -> Order:
        """Ask for the order in which Alembic runs the revisions; env.py is not executed."""
        self._begin_without_database(mode="order")
        return self._receive(Order, doing="reading the history")

    def _begin_without_database(self, **job: Any) -> None:
        self._get_ready()
        self._create_database = _refuse_databases
        self._send_job(Address("127.0.0.1", 1, "nobody", "", "nowhere"), context=0, **job)

    def _send_job(self, database: Address, **more: Any) -> None:
        self._send(
            **more,
            database=database.for_migrations()._asdict(),
            config="" if self._environment.is_in_code else self._config,
            section=self._environment.section,
            script_location=os.path.join(self._root, self._environment.script_location),
            version_locations=[
                os.path.abspath(os.path.join(self._root, each))
                for each in self._environment.version_locations
            ],
            folders=run_folders(self._environment, self._root),
            x_arguments=list(self._x_arguments),
            texts=self._texts,
        )

    def _located(self, context: Context) -> MigrationContext:
        assert self._database  # noqa: S101 - set before the job is sent
        address = self._database._replace(database=context.database)
        return MigrationContext(address, *context[1:])

    def step(self, function: str, revision: str, *, watch: bool = False) -> Done | Failed:
        """Run `upgrade` or `downgrade` of a revision; a failure ends env.py.

        Args:
            function: The name of the function.
            revision: The id.
            watch: Whether to observe its statements.
        """
        self._send(do=function, revision=revision, watch=watch)
        return self._receive(Done, Failed, doing=f"`{function}()` of `{revision}`")

    def attempt(
        self, revision: str, tables: str, *, again: bool, watch: bool, drops: bool = False
    ) -> Attempted:
        """Try `downgrade()` of the latest revision, and `upgrade()` after it; take both back.

        Args:
            revision: The id.
            tables: The query for the tables whose rows are counted.
            again: Whether to upgrade after the downgrade.
            watch: Whether to count rows and observe the statements.
            drops: Whether to try one that does nothing but drop, too, which works on any rows.
        """
        options = {"again": again, "watch": watch, "drops": drops}
        self._send(do="attempt", revision=revision, tables=tables, **options)
        return self._receive(Attempted, doing=f"`downgrade()` of `{revision}`")

    def interrupt(self, revision: str, statement: int) -> Interrupted | Failed:
        """Run `upgrade()` of a revision, and end it before a statement, as a crash would."""
        self._send(do="interrupt", revision=revision, statement=statement)
        return self._receive(Interrupted, Failed, doing=f"`upgrade()` of `{revision}`")

    def compare_models(self) -> ModelReport | NoModels | ModelsFailed:
        """Compare env.py's models with the database."""
        self._send(do="models")
        doing = "comparing the models with the database"
        return self._receive(ModelReport, NoModels, ModelsFailed, doing=doing)

    def mapped(self) -> Mapped | NoModels | ModelsFailed:
        """Ask which tables and columns env.py's models name."""
        self._send(do="mapped")
        return self._receive(Mapped, NoModels, ModelsFailed, doing="reading the models")

    def models_ddl(self, tables: Iterable[Table]) -> TableStatements | ModelsFailed:
        """Ask for the statements that create some of the models' tables."""
        self._send(do="ddl", tables=list(map(list, tables)))
        return self._receive(TableStatements, ModelsFailed, doing="reading the models")

    def finish(self) -> Finished | Failed:
        """Let env.py run to its end."""
        return self._receive(Finished, Failed, doing="the rest of env.py")

    def end(self) -> None:
        """Ask for no more steps, and let env.py run to its end."""
        self._send(do="end")
        self.finish()
        self.close()

    def _send(self, **request: Any) -> None:
        """Send a request; a dead agent is noticed when its answer is read."""
        with suppress(BrokenPipeError):
            self._in.write(json.dumps(request).encode() + b"\n")
            self._in.flush()

    @overload
    def _receive(self, one: type[A], /, *, doing: str = ...) -> A: ...
    @overload
    def _receive(self, one: type[A], two: type[B], /, *, doing: str = ...) -> A | B: ...
    @overload
    def _receive(
        self, one: type[A], two: type[B], three: type[C], /, *, doing: str = ...
    ) -> A | B | C: ...

    def _receive(self, *expected: type[Any], doing: str = "env.py") -> Any:
        """Wait for an answer of one of the expected types, and serve requests until it comes.

        Raises:
            CannotJudgeError: The agent cannot continue, dies, or takes too long.
        """
        while True:
            answer = self._next(doing)
            if isinstance(answer, (Failed, Broken)) and answer.fault:
                raise CannotJudgeError(explain_fault(answer, doing))
            if isinstance(answer, expected):
                return answer
            match answer:
                case StepStarted(revision):
                    doing = f"`upgrade()` of `{revision}`, in the production pass,"
                case DatabaseRequest(name):
                    self._serve_database(name)
                case FurtherContext(context):
                    self.further_contexts.append(self._located(context))
                case _:
                    raise CannotJudgeError(self._explanation(answer))

    def _serve_database(self, name: str) -> None:
        try:
            self._create_database(name)
        except CannotJudgeError as error:
            self._send(error=str(error))
        else:
            self._send(error="")

    def _next(self, doing: str) -> Answer:
        until = None if self._timeout is None else time.monotonic() + self._timeout
        parts = [self._rest]
        while b"\n" not in parts[-1]:
            left = None if until is None else max(0.0, until - time.monotonic())
            if not self._selector.select(left):
                raise CannotJudgeError(self._timed_out(doing))
            data = os.read(self._out.fileno(), 1 << 16)
            if not data:
                raise CannotJudgeError(self._died(doing))
            parts.append(data)
        line, _, self._rest = b"".join(parts).partition(b"\n")
        return self._parsed(line, doing)

    def _parsed(self, line: bytes, doing: str) -> Answer:
        try:
            message = json.loads(line)
            plain = message["event"] in PLAIN_EVENTS
            return parse(message if plain else self._mask.every(message))
        except (ValueError, LookupError, TypeError, RecursionError):
            raise CannotJudgeError(
                f"{doing} wrote into the pipe to revgate: {line[:_SHOWN]!r}\n"
                "the project's code must write only to files and sockets that it opened"
            ) from None

    def _timed_out(self, doing: str) -> str:
        output = self._last_output()
        pid = self._process.pid
        activity = describe_activity(self._database, pid, self._output, self._root)
        return (
            f"{doing} did not end within {self._timeout:g} seconds{self._mask(activity)}{output}\n"
            "if it needs longer, raise the limit with `--timeout SECONDS`; 0 means no limit"
        )

    def _died(self, doing: str) -> str:
        code = self._process.wait()
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return (
            f"{self.python} ended {how} during {doing}{self._last_output()}\n"
            "run `alembic upgrade head` with this Python to see why, or choose another Python with"
            " `--python`"
        )

    def _explanation(self, answer: Answer) -> str:
        env = f"{self._environment.script_location}/env.py"
        folders = run_folders(self._environment, self._root)
        match answer:
            case Unusable():
                return explain_unusable(answer, self.python, env, folders, self._root)
            case Broken():
                path = self._relative(answer.path) if answer.path else ""
                raised, output = answer._replace(path=path), self._last_output()
                return explain_raised(raised, env, output, folders, self._root, self.python)
            case Finished():
                return explain_no_migrations(env)
        raise AssertionError(answer)

    def _relative(self, path: str) -> str:
        return os.path.relpath(path, os.path.realpath(self._root)).replace(os.sep, "/")

    def _last_output(self) -> str:
        """Return the end of what env.py printed, with passwords masked."""
        self._output.seek(0, os.SEEK_END)
        self._output.seek(max(0, self._output.tell() - 4000))
        text = self._output.read().decode("utf-8", "replace")
        lines = [line.rstrip() for line in text.splitlines() if line.strip()][-8:]
        return "".join(f"\n    {self._mask(line)}" for line in lines)

    def kill(self) -> None:
        """End the process and all that it started; what another thread waits for fails."""
        if not self._out.closed:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End the process, and forget it."""
        self._watch.close()
        self.kill()
        self._selector.close()
        self._out.close()
        with suppress(BrokenPipeError):
            self._in.close()
        self._process.wait()
        self._forget_start()

    def _forget_start(self) -> None:
        self._output.close()
        if self._own_server:
            self._own_server.close()
            self._own_server = None


def _refuse_second(_name: str) -> None:
    raise CannotJudgeError("env.py connects to a second database; only one was named")


def _refuse_databases(_name: str) -> None:
    raise CannotJudgeError("env.py connects to a database although it runs in offline mode")
