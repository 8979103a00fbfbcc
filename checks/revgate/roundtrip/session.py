"""A running round trip: its server, databases and agents, and what has been observed so far."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from revgate.history.digest import key_of
from revgate.postgres import templates
from revgate.postgres.roles import Roles
from revgate.postgres.schema_text import schema_text
from revgate.postgres.server import throwaway
from revgate.postgres.snapshot import Snapshot, count_tables, outside
from revgate.roundtrip.agent_client import Agent, MigrationContext
from revgate.roundtrip.agent_database import AgentDatabase
from revgate.roundtrip.agent_process import ForkServer, agent_command
from revgate.roundtrip.answers import Failed, Finished, FunctionLines, ModelReport
from revgate.roundtrip.built import schema_programs
from revgate.roundtrip.checkpoints import Checkpoints
from revgate.roundtrip.explain import (
    explain_missing,
    explain_missing_extension,
    explain_tablespace,
    server_statement_notes,
)
from revgate.roundtrip.observed import (
    DOWNGRADE,
    UPGRADE,
    Difference,
    Failure,
    Models,
    Pass,
    RoundTrip,
    SchemaChange,
    SchemaFile,
    Step,
)
from revgate.roundtrip.order import heads_of, merge_notes
from revgate.roundtrip.plan import make_plan
from revgate.roundtrip.tenants import schemas_of_others
from revgate.source import read_regular
from revgate.text import count, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import ExitStack

    from revgate.environments import Environment
    from revgate.history.revision import Revision
    from revgate.postgres.connect import Address
    from revgate.postgres.server import Server
    from revgate.roundtrip.options import Options
    from revgate.roundtrip.progress import Report

_MAX_REBUILDS = 100


class Session:
    """One round trip of one migration context."""

    server: Server
    roles: Roles
    checkpoints: Checkpoints
    database: AgentDatabase
    """Where the revisions are stepped at the moment."""

    def __init__(
        self,
        environment: Environment,
        chain: Sequence[Revision],
        options: Options,
        report: Report,
        context: int = 0,
        contexts: Sequence[MigrationContext] = (),
    ) -> None:
        self.environment = environment
        self.options = options
        self.context = context
        """The number of the migration context of env.py, from 0."""
        self.plan = make_plan(chain, options.new, options.shard)
        self.all_revisions = tuple(chain)
        self.base: Address | None = None
        """The database that stepping begins with; None for an empty one."""
        self.contexts = list(contexts)
        """All migration contexts of env.py, once a production pass has reached them."""
        self.passes: list[Pass] = []
        self.failures: list[Failure] = []
        self.after_downgrade: list[Difference] = []
        self.after_again: list[Difference] = []
        self.notes: list[str] = []
        self.durations: dict[str, float] = {}
        self.deploy_order = ""
        self.snapshots: list[Snapshot] = []
        """Before the first upgrade, and after each."""
        self.current: Snapshot = {}
        """The latest snapshot of the database that is stepped."""
        self.schema: SchemaChange | None = None
        """The schema before the first upgrade, if a rule on schemas runs."""
        self.model_report: ModelReport | None = None
        self.models: Models | None = None
        self.schema_file: SchemaFile | None = None
        self._report = report
        self._rebuilds = 0
        self._select_stepped()

    def _select_stepped(self) -> None:
        self.revisions = self.all_revisions[self.plan.start : self.plan.stop]
        """The ones that are stepped."""
        self.steps = [self.new_step(each) for each in self.revisions]
        """One for each of them; results are filled in."""

    def new_step(self, revision: Revision) -> Step:
        """Return the step of a revision that has not run."""
        new = self.options.new
        return Step(revision, new=new is None or revision.id in new)

    # -- what is running ------------------------------------------------------------------------

    def start(self, stack: ExitStack) -> None:
        """Start the server and the agents, and build the database that stepping begins with.

        Args:
            stack: Ends all of it.

        Raises:
            CannotJudgeError: Something does not start.
        """
        self._stack = stack
        # It imports Alembic while the server starts.
        command = agent_command(self.environment, self.options)
        self._fork_server = ForkServer(command)
        stack.callback(self._fork_server.close)
        self.server = stack.enter_context(
            throwaway(
                self.options.database_url, cached=self.options.cached, major=self.options.major
            )
        )
        if self.options.schema_file:
            self._schema_programs = schema_programs(self.server)
        self.server.prepare(self.options.prepared)
        builder = self.start_agent() if self.plan.start else None
        stepper, self.production_agent = self.start_agent(), self.start_agent()
        self._agents = (stepper, self.production_agent)
        paths = (each.path for each in self.all_revisions)
        self.roles = Roles(self.server, self.options.root, paths)
        self.roles.wait_for_others(self.options.timeout)
        stack.callback(self._drop_roles)
        if builder:
            self._build_base(builder)
            self.roles.expect()
        self.checkpoints = Checkpoints(self.server, self.open_database)
        stack.callback(self.checkpoints.close)
        self.database = self.open_database(agent=stepper)
        if not stepper.isolated:
            self.notes.append(stepper.explain_guards())
        for named, used in self.database.started.stand_ins:
            self.notes.append(
                f"the driver `{named}` is not installed or does not fit, so env.py connected with"
                f" `{used}`: what differs between the two was not checked"
            )

    def start_agent(self) -> Agent:
        """Start an agent that ends with the session."""
        agent = Agent(self.environment, self.options, fork_server=self._fork_server)
        self._stack.callback(agent.close)
        return agent

    def open_database(
        self, original: AgentDatabase | None = None, agent: Agent | None = None
    ) -> AgentDatabase:
        """Create a database, and start env.py on it.

        Args:
            original: What it is a copy of; the base if None.
            agent: One that has no job yet; a new one if None.
        """
        return AgentDatabase(
            agent or self.start_agent(),
            self.server,
            heads_of(self.all_revisions),
            original.address if original else self.base,
            original,
            context=self.context,
            visible=self.roles.sees,
        )

    def _build_base(self, agent: Agent) -> None:
        """Run the revisions below the first step in one go, as production did."""
        below = self.all_revisions[: self.plan.start]
        described = f"{count(len(below), 'revision')} up to `{below[-1].id}`"
        key = self._template_key(below)
        kept = templates.find(self.server, key) if self.options.cached else None
        if kept:
            self.base = self.server.create_database(kept)
            self.notes.append(f"{described} came from an earlier run, {kept.database}")
            return
        begun, roles = time.perf_counter(), self.server.roles()
        self.base = self.server.create_database()
        create = partial(self.server.create_next_to, self.base)
        started = agent.begin(self.base, heads_of(below), create, production=True)
        answer = agent.finish()
        agent.close()
        # Only a single database can be copied.
        if isinstance(answer, Finished) and started.address == self.base:
            self.notes.append(f"{described} ran in one go, without single steps")
            plain = not (self.server.prepared and self.server.prepared.roles)
            if self.options.cached and plain and self.server.roles() == roles:
                templates.keep(self.server, self.base, key, time.perf_counter() - begun)
            return
        # Stepping all of them shows which one fails, and why.
        self.base = None
        self.plan = self.plan._replace(start=0)
        self._select_stepped()

    def _template_key(self, below: Sequence[Revision]) -> str:
        options = self.options
        inputs = (options.env, options.x_arguments, options.python, options.prepared)
        version = self.server.facts.version
        return key_of(self.options.root, self.environment, below, version, *inputs)

    def _drop_roles(self) -> None:
        """Drop the roles of the history, after the databases that have grants to them."""
        if self.server.is_gone:
            return
        if self.base:
            self.server.drop_database(self.base)
        self.roles.forget(all_of_them=True)
        self.notes += self.roles.notes

    # -- steps ----------------------------------------------------------------------------------

    def step(self, index: int, function: str, during: str) -> bool:
        """Run `upgrade` or `downgrade` of a revision; return whether it succeeded."""
        revision = self.revisions[index]
        answer = self.database.step(function, revision.id, watch=during == UPGRADE)
        self._record_lines(index, answer.lines)
        self._report(during)
        if isinstance(answer, Failed):
            self.record_failure(self.steps[index], during, answer)
            return False
        step = self.steps[index]
        if during == UPGRADE:
            step = step._replace(
                upgrade_ms=answer.ms,
                statements=answer.statements,
                settings=answer.settings,
                commits=answer.commits,
            )
        if during == DOWNGRADE:
            step = step._replace(downgrade_ms=answer.ms)
        self.steps[index] = step
        return True

    def _record_lines(self, index: int, lines: FunctionLines) -> None:
        self.steps[index] = self.steps[index]._replace(
            upgrade_line=lines.upgrade, downgrade_line=lines.downgrade
        )

    def take_snapshot(self, expected: Snapshot | None = None) -> Snapshot:
        """Take a snapshot of the database that is stepped; it becomes the current one.

        Args:
            expected: A snapshot that it should equal.
        """
        self.current = self.database.take_snapshot(expected)
        return self.current

    def rebuild(self, index: int) -> bool:
        """Continue in a fresh database that has the revisions below a place.

        Returns:
            Whether there is one; a revision may fail there.
        """
        self._rebuilds += 1
        self.checkpoints.leave(self.database)
        self.roles.forget()
        if self._rebuilds > _MAX_REBUILDS:
            return False
        self.database, failed = self.checkpoints.rebuild(self.revisions[:index], self.snapshots)
        if failed:
            self.notes.append(
                f"the upgrade of `{failed}` succeeded once and failed in a second database"
            )
            return False
        self.take_snapshot(self.snapshots[index])
        return True

    def read_schema(self, address: Address) -> None:
        """Read the schema file, and what it should hold, from a database at the head."""
        path = self.options.schema_file
        if path is None or not self.plan.to_head:
            return
        after = schema_text(address, self._schema_programs, self.server.major)
        try:
            before = read_regular(os.path.join(self.options.root, path)).decode()
        except (OSError, ValueError):
            before = None
        self.schema_file = SchemaFile(path, before, after)
        if self.schema_file.is_of_another_version:
            self.notes.append(
                f"{path} was not compared with the schema: another version of PostgreSQL wrote it,"
                f" and this server is {self.server.major}"
            )

    # -- results --------------------------------------------------------------------------------

    def record_failure(self, step: Step, during: str, failed: Failed) -> None:
        """Record the failure of a step.

        Raises:
            CannotJudgeError: The server is at fault, not the revision.
        """
        self.server.raise_if_gone()
        explain_missing_extension(step.revision, failed, self.server.facts)
        explain_tablespace(step.revision, failed, self.server.facts)
        explain_missing(step.revision, failed, self.server.facts, self.roles.is_made_by)
        place = f"{step.revision.path}:{failed.line}"
        self.roles.explain(failed.sqlstate, failed.message, place)
        failure = Failure(
            step,
            during,
            failed.line,
            failed.error,
            " ".join(failed.message.split()),
            failed.statement,
            failed.detail,
            failed.hint,
            failed.sqlstate,
            deliberate=failed.deliberate,
        )
        self.failures.append(failure)

    def note_skipped(self, revisions: Sequence[Revision], what: str, index: int) -> None:
        """Note which revisions could not be checked because of a failure at a place."""
        if revisions:
            names = quoted([each.id for each in revisions])
            self.notes.append(f"{what} because `{self.revisions[index].id}` failed: {names}")

    @contextmanager
    def timed_pass(self, name: str) -> Iterator[None]:
        """Record what runs in the block as a pass."""
        begun, failures = time.perf_counter(), len(self.failures)
        yield
        seconds = time.perf_counter() - begun
        complete = len(self.failures) == failures
        schemas = schemas_of_others(self.database.started, self.contexts)
        tables = count_tables(outside(self.current, schemas))
        self.passes.append(Pass(name, seconds, tables, complete))

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Add the time that the block takes to what no pass includes."""
        begun = time.perf_counter()
        yield
        passed = time.perf_counter() - begun
        self.durations[name] = self.durations.get(name, 0.0) + passed

    def collect_notes(self) -> None:
        """Take over the notes of the agents."""
        for agent in self._agents:
            self.notes += agent.notes

    def result(self) -> RoundTrip:
        """Return what has been observed so far."""
        below = self.all_revisions[: self.plan.start]
        above = self.all_revisions[self.plan.stop :]
        notes = [*self.notes, *self.server.notes, *server_statement_notes(self.steps)]
        notes += merge_notes(self.revisions)
        return RoundTrip(
            self.environment,
            self.server.facts,
            (*map(self.new_step, below), *self.steps, *map(self.new_step, above)),
            tuple(self.passes),
            tuple(self.failures),
            tuple(self.after_downgrade),
            tuple(self.after_again),
            self.options.expect_tables,
            tuple(dict.fromkeys(notes)),
            self.models,
            self.plan.from_base,
            self.plan.to_head,
            isolation="kernel" if self.database.agent.isolated else "guards",
            schema_file=self.schema_file,
            durations=tuple(self.durations.items()),
            deploy_order=self.deploy_order,
            schema=self.schema,
        )
