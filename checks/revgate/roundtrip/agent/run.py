"""Executes env.py once, and runs the requested migration steps inside it."""

from __future__ import annotations

import io
import linecache
import re
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from .application import LEFT_OUT, application
from .attempt import Attempt, only_drops
from .channel import Unusable
from .drivers import STAND_INS
from .failures import begin_step, cause_of, describe, line_in, line_of, missing_function
from .models import compare, ddl, mapped
from .modules import renew
from .reads import recorded
from .statements import Watch
from .transactions import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .channel import Channel
    from .target import Target

_RAISES = re.compile(r"(^|[:;])\s*(raise|assert)\b")


class Run:
    """One execution of env.py."""

    def __init__(
        self, channel: Channel, config: Any, script: Any, job: dict[str, Any], target: Target
    ) -> None:
        self._channel = channel
        self._target = target
        self._script = script
        self._config = config
        self._job = job
        self.contexts = 0
        self.offline = False
        self._step: tuple[Any, str] | None = None
        self._local: list[str] = []
        self._arguments: dict[str, Any] = {}
        """What env.py passes to `upgrade()` and `downgrade()`."""
        self._watch = Watch(texts=job.get("texts", False))
        self.sql = io.StringIO()
        """The output of offline mode."""

    def execute(self) -> None:
        """Execute env.py."""
        from alembic.runtime.environment import EnvironmentContext

        work = {"production": self._to_head, "steps": self._steps, "script": self._offline}
        mode = self._job["mode"]
        self._config.output_buffer = self.sql
        environment: Any = EnvironmentContext(
            self._config, self._script, fn=work[mode], as_sql=mode == "script", tag=None,
            starting_rev=self._job.get("start"), destination_rev=self._destination(),
        )  # fmt: skip
        environment.get_x_argument = recorded(environment.get_x_argument)
        with application(self._config, self._script), environment:
            self._script.run_env()

    def _destination(self) -> str:
        """Return what `alembic upgrade` would be asked for; the rest of a history has no name."""
        head: list[str] = self._job["head"]
        return head[0] if len(head) == 1 else "heads"

    def _begin(self, context: Any) -> int:
        """Report a migration context; return its number, from 0.

        An env.py may have several: one for each of its databases or schemas.
        """
        number = self.contexts
        self.contexts += 1
        if context.dialect.name != "postgresql":
            raise Unusable("dialect", context.dialect.name)
        if context.as_sql:
            raise Unusable("offline", "")
        cursor = context.connection.connection.cursor()
        cursor.execute("SELECT current_database(), current_schema()")
        database, schema = cursor.fetchone()
        cursor.close()
        if number >= self._job["context"]:
            self._channel.send(
                "started" if number == self._job["context"] else "further-context",
                version_table=context.version_table,
                version_table_schema=context.version_table_schema,
                database=database,
                schema=schema or "",
                origin=self._target.origin(database),
                stand_ins=sorted(STAND_INS.items()),
                left_out=list(LEFT_OUT),
            )
        return number

    def _to_head(self, heads: Any, context: Any) -> Iterator[Any]:
        """Yield all steps to the head, in the transactions that env.py asks for."""
        self._begin(context)
        yield from self._upgrades(heads)

    def _offline(self, heads: Any, context: Any) -> Iterator[Any]:
        """Yield all steps to the head, in offline mode."""
        if not context.as_sql:
            raise Unusable("online", "")
        yield from self._upgrades(heads)

    def _upgrades(self, heads: Any) -> Iterator[Any]:
        for step in self._script._upgrade_revs(tuple(self._job["head"]), heads):
            revision = step.revision
            self._channel.send("step", revision=revision.revision)
            yield self._tracked(step, revision, "upgrade")
        self._step = None

    def _steps(self, heads: Any, context: Any) -> Iterator[Any]:
        """Yield the requested steps in one context; earlier contexts run in one go."""
        from alembic.runtime.migration import MigrationStep

        number = self._begin(context)
        if number < self._job["context"]:
            yield from self._upgrades(heads)
        if number != self._job["context"]:
            return
        self._watch.listen()
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
            if request["do"] in ("models", "ddl", "mapped"):
                self._send_models(context, request)
                continue
            revision = self._script.get_revision(request["revision"])
            if request["do"] == "attempt":
                self._attempt(context, revision, request)
                continue
            if request["do"] == "interrupt":
                self._interrupt(context, revision, request["statement"])
                continue
            self._step = (revision, request["do"])  # the file may lack the function
            renew(revision)
            step = make[request["do"]](self._script.revision_map, revision)
            if request.get("watch"):
                self._begin_watch(context, revision)
            # Alembic remembers there which enums a command has created; after a downgrade the same
            # enum has to be created again.
            context.impl.memo.clear()
            begun = time.perf_counter()
            yield self._tracked(step, revision, request["do"])
            statements = self._watch.end()
            self._commit(context)
            commits, settings = self._conclude(context)
            self._step = None
            took = (time.perf_counter() - begun) * 1000
            self._channel.send(
                "done",
                ms=round(took, 3),
                lines=self._lines(revision),
                statements=statements,
                commits=commits,
                settings=settings,
            )

    def _conclude(self, context: Any) -> tuple[list[int], list[Any]]:
        """Return where a watched step committed on its way, and the settings that it leaves."""
        transactions = self._watch.transactions
        if transactions is None:
            return [], []
        self._watch.forget()
        left = self._watch.settings.left(context.connection.connection)
        return transactions.places(), left

    def _interrupt(self, context: Any, revision: Any, statement: int) -> None:
        """Run an upgrade up to a statement, and end it there as a crash would."""
        self._step = (revision, "upgrade")
        begin_step()
        context.impl.memo.clear()
        transactions = self._watch.interrupt(statement)
        try:
            with context.begin_transaction(_per_migration=True):
                self._call(revision, "upgrade")
                raise Interrupted  # noqa: TRY301 - the end of the function is a place as well
        except Interrupted:
            self._watch.forget()
        context.connection.connection.rollback()
        self._commit(context)
        self._step = None
        self._channel.send("interrupted", latest=" ".join(transactions.latest.split()))

    def _send_models(self, context: Any, request: dict[str, Any]) -> None:
        """Send what was asked about the models, or why they failed."""
        try:
            if request["do"] == "ddl":
                self._channel.send("ddl", ddl=ddl(context, request["tables"]))
            elif request["do"] == "mapped":
                tables = mapped(context)
                self._channel.send("no-models" if tables is None else "mapped", tables=tables)
            else:
                report = compare(context)
                self._channel.send("no-models" if report is None else "models", **(report or {}))
        except Exception as error:
            described = describe(error)
            if described["fault"]:
                raise
            message = f"{described['error']}: {described['message']}"
            self._channel.send("models-failed", message=" ".join(message.split()))
            context.connection.connection.rollback()
        self._commit(context)

    def _begin_watch(self, context: Any, revision: Any) -> None:
        """Record what exists before the step, in a transaction of its own."""
        connection = context.connection.connection
        self._watch.begin(connection, revision.module.__file__, context.version_table)
        self._commit(context)

    def _attempt(self, context: Any, revision: Any, request: dict[str, Any]) -> None:
        """Try the downgrade of the latest revision, and send what came of it."""
        self._step = (revision, "downgrade")
        begin_step()
        if request["watch"]:
            self._begin_watch(context, revision)
        attempt = Attempt(context, self.failure, request["tables"], counts=request["watch"])
        downgrade, upgrade = (
            partial(self._call, revision, name) for name in ("downgrade", "upgrade")
        )
        if request["drops"] or not only_drops(getattr(revision.module, "downgrade", None)):
            attempt.run(downgrade, upgrade, again=request["again"])
        statements = self._watch.end()
        self._watch.forget()
        if attempt.restored:
            self._commit(context)
        self._step = None
        names = ("failed", "failed_again", "before", "after", "touches_rows", "intact", "restored",
                 "problem")  # fmt: skip
        facts = {name: getattr(attempt, name) for name in names}
        self._channel.send("attempted", **facts, statements=statements)

    def _call(self, revision: Any, name: str) -> None:
        getattr(renew(revision), name)(**self._arguments)

    def _tracked(self, step: Any, revision: Any, do: str) -> Any:
        self._step = (revision, do)
        begin_step()
        function = step.migration_fn

        def remember(**arguments: Any) -> Any:
            self._arguments = arguments
            return function(**arguments)

        step.migration_fn = remember
        return step

    def _lines(self, revision: Any) -> dict[str, int]:
        """Return the lines of `def upgrade` and `def downgrade`."""
        return {name: line_of(revision.module, name) for name in ("upgrade", "downgrade")}

    def _remember_local_settings(self) -> None:
        """Remember each SET LOCAL of env.py, to repeat it after every commit.

        Alembic's own transaction would last for the whole run; ours do not.
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
        """Describe an exception as the failure of the current step; None outside of steps."""
        if self._step is None or issubclass(type(error), Unusable):
            return None
        revision, do = self._step
        path = revision.module.__file__
        _, elsewhere = line_in(error, path)
        cause, line = cause_of(error, path)
        described = describe(cause)
        described.update(
            missing_function(revision.module, do),
            deliberate=bool(_RAISES.search(linecache.getline(path, line))),
            revision=revision.revision,
            do=do,
            line=line or line_of(revision.module, do),
            path=elsewhere if not line else "",
            lines=self._lines(revision),
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
