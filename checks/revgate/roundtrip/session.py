"""A running round trip: its server, databases and agents, and what has been observed so far."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from revgate.history.digest import key_of
from revgate.postgres import templates
from revgate.postgres.names import name_parts, shown_name
from revgate.postgres.roles import Roles
from revgate.postgres.schema_text import schema_text
from revgate.postgres.server import throwaway
from revgate.postgres.snapshot import count_tables, own_tables
from revgate.roundtrip.agent_client import Agent, MigrationContext
from revgate.roundtrip.agent_database import AgentDatabase
from revgate.roundtrip.agent_process import ForkServer, agent_command
from revgate.roundtrip.answers import Failed, Finished
from revgate.roundtrip.built import run_in_one_go, schema_programs
from revgate.roundtrip.explain import (
    describe_found,
    explain_found,
    explain_missing,
    explain_missing_extension,
    explain_prepared,
    explain_tablespace,
    server_statement_notes,
)
from revgate.roundtrip.observed import (
    Difference,
    Failure,
    Models,
    Pass,
    RoundTrip,
    SchemaChange,
    SchemaFile,
    Step,
    Unresumed,
)
from revgate.roundtrip.order import heads_of, merge_notes
from revgate.roundtrip.plan import make_plan
from revgate.source import read_regular
from revgate.text import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import ExitStack

    from revgate.environments import Environment
    from revgate.history.revision import Revision
    from revgate.postgres.connect import Address
    from revgate.postgres.server import Server
    from revgate.postgres.snapshot import Snapshot
    from revgate.roundtrip.options import Options
    from revgate.roundtrip.progress import Report


class Discarded(Exception):  # noqa: N818 - not an error
    """What a thread is doing is of no use any longer."""


class Session:
    """One round trip of one migration context."""

    server: Server
    roles: Roles

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
        self.unresumed: list[Unresumed] = []
        self.notes: list[str] = []
        self.durations: list[tuple[str, float]] = []
        self.deploy_order = ""
        self.snapshots: list[Snapshot] = []
        """Before the first upgrade, and after each."""
        self.schema: SchemaChange | None = None
        """The schema before the first upgrade, if a rule on schemas runs."""
        self.models: Models | None = None
        self.schema_file: SchemaFile | None = None
        self.isolated = True
        """Whether the kernel isolates the agents."""
        self.report = report
        self.found_tables: frozenset[str] = frozenset()
        """Tables before the first revision that no setting accounts for: env.py made them."""
        self._started: list[Agent] = []
        self._useful = len(chain)
        """The place from which on no step is of use: 0 if none is."""
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
        self.stepper, self.production_agent = self.start_agent(), self.start_agent()
        self._agents = (self.stepper, self.production_agent)
        paths = (each.path for each in self.all_revisions)
        self.roles = Roles(self.server, self.options.root, paths)
        self.roles.wait_for_others(self.options.timeout)
        stack.callback(self._drop_roles)
        if builder:
            self._build_first_base(builder)
            self.roles.expect()

    @property
    def starts_empty(self) -> bool:
        """Whether stepping begins without any table."""
        return self.base is None and not self.options.prepared.sql

    @property
    def tables_before(self) -> int:
        """How many tables there were before the first revision."""
        return count_tables(self.snapshots[0]) if self.snapshots and self.plan.from_base else 0

    def begin_with(self, snapshot: Snapshot) -> None:
        """Take note of the tables of a database that no revision has touched yet."""
        if self.plan.start or self.context:
            return
        prepared = self.server.prepared.tables if self.server.prepared else frozenset()
        found = (shown_name(*name_parts(each)) for each in own_tables(snapshot))
        self.found_tables = frozenset(found) - prepared
        if self.found_tables:
            self.notes.append(describe_found(self.environment, self.found_tables))

    def start_agent(self) -> Agent:
        """Start an agent that ends with the session."""
        self.raise_if_stopped(0)
        agent = Agent(self.environment, self.options, fork_server=self._fork_server)
        self._started.append(agent)
        self._stack.callback(agent.close)
        return agent

    def stop(self) -> None:
        """Make every thread end that still runs revisions."""
        self._useful = 0
        for agent in self._started:
            agent.kill()

    def discard(self, place: int) -> None:
        """Make the parts from a place on end."""
        self._useful = min(self._useful, place)

    def raise_if_stopped(self, place: int) -> None:
        """Raise if steps of the part that begins at a place are of no use any longer.

        Raises:
            Discarded: They are not.
        """
        if place >= self._useful:
            raise Discarded

    def open_database(
        self, agent: Agent | None = None, base: Address | None = None
    ) -> AgentDatabase:
        """Create a database, and start env.py on it.

        Args:
            agent: One that has no job yet; a new one if None.
            base: What it is a copy of; the one that stepping begins with if None.
        """
        return AgentDatabase(
            agent or self.start_agent(),
            self.server,
            heads_of(self.all_revisions),
            base or self.base,
            context=self.context,
            visible=self.roles.sees,
        )

    def _build_first_base(self, agent: Agent) -> None:
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
        self.base = self.build_base(agent, below)
        if self.base:
            self.notes.append(f"{described} ran in one go, without single steps")
            plain = not (self.server.prepared and self.server.prepared.roles)
            plain = plain and len(self.contexts) < 2  # the copy does not name them
            if self.options.cached and plain and self.server.roles() == roles:
                templates.keep(self.server, self.base, key, time.perf_counter() - begun)
            return
        # Stepping all of them shows which one fails, and why.
        self.plan = self.plan._replace(start=0)
        self._select_stepped()

    def build_base(self, agent: Agent, below: Sequence[Revision]) -> Address | None:
        """Run revisions in one go, in a copy of the database that stepping begins with.

        Returns:
            The database; None if one fails, or if they are several: only one can be copied.
        """
        made = self.server.create_database(self.base)
        started, answer = run_in_one_go(agent, self.server, made, heads_of(below))
        self.contexts = self.contexts or [started, *agent.further_contexts]
        agent.close()
        return made if isinstance(answer, Finished) and started.address == made else None

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

    def read_schema(self, address: Address) -> SchemaFile | None:
        """Read the schema file, and what it should hold, from a database at the head."""
        path = self.options.schema_file
        if path is None or not self.plan.to_head:
            return None
        after = schema_text(address, self._schema_programs, self.server.major)
        try:
            before = read_regular(os.path.join(self.options.root, path)).decode()
        except (OSError, ValueError):
            before = None
        return SchemaFile(path, before, after)

    # -- results --------------------------------------------------------------------------------

    def record_failure(self, step: Step, during: str, failed: Failed) -> None:
        """Record the failure of a step, as `failure` returns it."""
        self.failures.append(self.failure(step, during, failed))

    def failure(self, step: Step, during: str, failed: Failed) -> Failure:
        """Return the failure of a step.

        Raises:
            CannotJudgeError: The server is at fault, not the revision.
        """
        self.server.raise_if_gone()
        explain_missing_extension(step.revision, failed, self.server.facts)
        explain_tablespace(step.revision, failed, self.server.facts)
        explain_found(step.revision, failed, self.environment, self.found_tables)
        explain_prepared(step.revision, failed, self.options.prepared)
        explain_missing(step.revision, failed, self.server.facts, self.roles.is_made_by)
        place = f"{step.revision.path}:{failed.line}"
        self.roles.explain(failed.sqlstate, failed.message, place)
        return Failure(
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

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Add the time that the block takes to what no pass includes."""
        begun = time.perf_counter()
        yield
        self.durations.append((name, time.perf_counter() - begun))

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
            self.tables_before,
            self.plan.to_head,
            isolation="kernel" if self.isolated else "guards",
            schema_file=self.schema_file,
            durations=_summed(self.durations),
            deploy_order=self.deploy_order,
            unresumed=tuple(self.unresumed),
            schema=self.schema,
        )


def _summed(durations: Sequence[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    """Return one duration for each name, in the order in which they appear."""
    found: dict[str, float] = {}
    for name, seconds in durations:
        found[name] = found.get(name, 0.0) + seconds
    return tuple(found.items())
