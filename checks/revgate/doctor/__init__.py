"""The doctor: compares one existing database with the history and the models.

The history is built on a throwaway server, the database is read in a read-only transaction, and the
two are compared.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from revgate.doctor.additions import Separated, separate
from revgate.doctor.advice import commands_for
from revgate.doctor.database import Found, VersionTable, look
from revgate.doctor.diagnosis import Diagnosis, History, diagnose
from revgate.doctor.examination import Examination, Expected, Test, run_tests
from revgate.doctor.rewording import Rewording
from revgate.doctor.states import States, StatesCache, build, comparable, extensions_of
from revgate.doctor.tenants import compare_tenants
from revgate.history.digest import key_of
from revgate.postgres.names import name_parts, shown_name
from revgate.postgres.snapshot import Snapshot, count_tables, outside, queries
from revgate.postgres.snapshot.ignored import is_ignored, without
from revgate.roundtrip.agent_database import AgentDatabase
from revgate.roundtrip.answers import ModelReport, ModelsFailed, NoModels
from revgate.roundtrip.order import heads_of, needs_of, order_from
from revgate.roundtrip.tenants import name_in_sql, others_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from revgate.doctor.target import Target
    from revgate.environments import Environment
    from revgate.history.revision import Revision
    from revgate.postgres.server import Server
    from revgate.roundtrip.agent_client import MigrationContext
    from revgate.roundtrip.options import Options

__all__ = ["ExaminedDatabase", "examine", "opened"]


class ExaminedDatabase(NamedTuple):
    """A database, and everything that it is compared with."""

    target: Target
    environment: Environment
    chain: Sequence[Revision]
    broken: tuple[str, ...]
    """What is wrong with the chain, if anything; there are no states then."""
    found: Found
    states: States
    models: ModelReport | None
    database: AgentDatabase | None
    """A throwaway database with env.py running on it, until the block ends."""
    notes: tuple[str, ...]
    tenants: tuple[Test, ...] = ()
    """Tests of the schemas of other tenants."""
    ignored: tuple[str, ...] = ()
    """`ignore-objects` in the settings."""
    x_arguments: tuple[str, ...] = ()
    reached: str = ""
    """The database that env.py connects to, such as `localhost:5432/shop`; empty if unknown."""
    other_schemas: tuple[str, ...] = ()
    """The schemas of other tenants, which are only compared with the first one."""

    @property
    def known(self) -> frozenset[tuple[str, str]]:
        """Kind and name of every object that the history or the models have ever contained."""
        seen = self.without_ignored()
        keys = {key for state in seen.states.snapshots for key in state}
        there = {key: name_parts(key[1]) for key in seen.found.snapshot if key[0] == "table"}
        tables = seen.models.tables if seen.models else frozenset()
        return frozenset(keys | {key for key, table in there.items() if table in tables})

    def advised(self, commands: Iterable[str]) -> tuple[str, ...]:
        """Return commands in the form that acts on this database."""
        return commands_for(commands, self.target, self.environment, self.reached, self.x_arguments)

    def without_ignored(self) -> ExaminedDatabase:
        """Return the same without the objects that the settings leave out."""
        if not self.ignored:
            return self
        snapshots = tuple(without(each, self.ignored) for each in self.states.snapshots)
        models = self.models
        if models:
            names = {each: shown_name(*each) for each in models.tables}
            tables = (each for each in names if not is_ignored("table", names[each], self.ignored))
            models = models._replace(tables=frozenset(tables))
        return self._replace(
            found=self.found._replace(snapshot=without(self.found.snapshot, self.ignored)),
            states=self.states._replace(snapshots=snapshots),
            models=models,
        )


@contextmanager
def opened(
    target: Target,
    environment: Environment,
    chain: Sequence[Revision],
    broken: tuple[str, ...],
    options: Options,
    *,
    cached: bool,
) -> Iterator[ExaminedDatabase]:
    """Read a database and build its history, for the duration of the block.

    Args:
        target: The database.
        environment: The environment whose history it should have.
        chain: Its revisions in upgrade order.
        broken: Why the history is not linear; empty if it is.
        options: As for a round trip; the server is the throwaway one.
        cached: Whether catalogs of earlier runs are used and stored.

    Raises:
        CannotJudgeError: The database cannot be read, or the history cannot be run.
    """
    from revgate.postgres.descendants import ending_descendants
    from revgate.roundtrip.agent_client import Agent
    from revgate.roundtrip.interruption import orderly_end
    from revgate.roundtrip.progress import progress

    found = look(target.address, VersionTable())  # first, since it may be unreachable
    if broken:
        yield ExaminedDatabase(target, environment, chain, broken, found, States(), None, None, ())
        return
    options = options._replace(major=found.major)
    with (
        orderly_end(),
        ending_descendants(),
        progress(len(chain), shown=options.progress) as report,
        _server(options) as server,
        closing(Agent(environment, options)) as agent,
        closing(AgentDatabase(agent, server, heads_of(chain))) as database,
    ):
        table = VersionTable(*database.started[1:3])
        tenant = _tenant(database)
        if tenant and not table.schema:
            table = table._replace(schema=tenant)
        if table != VersionTable():
            found = look(target.address, table)
        chain = order_from(chain, found.stamps)
        inputs = (server.facts.version, options.prepared, *queries())
        key = key_of(options.root, environment, chain, *inputs)
        cache = StatesCache(options.root, environment, key, enabled=cached)
        models, notes = _models(database)
        rewording = Rewording(found.snapshot if found.major != server.major else {})
        states = cache.load()
        if states is None or rewording.is_needed(states.snapshots):
            states = build(database, chain, report, rewording.visit)
            cache.save(states)
        others = _other_tenants(environment, server, options, chain) if tenant else []
        tenants = tuple(compare_tenants(target.address, found, tenant, others))
        schemas = {name_in_sql(each.schema) for each in others}
        found = found._replace(snapshot=rewording.applied(outside(found.snapshot, schemas)))
        states = states._replace(snapshots=tuple(map(rewording.without_unread, states.snapshots)))
        notes = (*notes, *_notes(states, found, server), *agent.notes)
        notes = (*notes, *rewording.notes(server.facts.version, found.version))
        yield ExaminedDatabase(
            target, environment, chain, (), found, states, models, database, notes, tenants,
            options.ignore_objects, options.x_arguments, database.started.origin,
            tuple(each.schema for each in others),
        )  # fmt: skip


def _tenant(database: AgentDatabase) -> str:
    """Return the schema that env.py has put its tables in by default, unless that is `public`."""
    schema = database.started.schema
    return "" if schema == "public" else schema


def _other_tenants(
    environment: Environment, server: Server, options: Options, chain: Sequence[Revision]
) -> list[MigrationContext]:
    """Return the migration contexts of other schemas, which a run of env.py to its end names."""
    from revgate.roundtrip.agent_client import Agent

    with (
        closing(Agent(environment, options)) as agent,
        closing(AgentDatabase(agent, server, heads_of(chain))) as database,
    ):
        agent.end()
        return others_of(database.started, agent.further_contexts)


def _models(database: AgentDatabase) -> tuple[ModelReport | None, tuple[str, ...]]:
    answer = database.agent.compare_models()
    if isinstance(answer, ModelsFailed):
        return None, (f"the models could not be read: {answer.message}",)
    if isinstance(answer, NoModels):
        note = "env.py sets no `target_metadata`: tables are compared with those of the head"
        return None, (note,)
    return answer, ()


def _notes(states: States, found: Found, server: Server) -> Iterator[str]:
    if states.stopped:
        yield f"not compared with later revisions: {states.stopped}"
    if found.major != server.major:
        yield (
            f"the history was run on PostgreSQL {server.facts.version} and the database is on"
            f" {found.version}: definitions that they print differently were compared by meaning"
        )


@contextmanager
def _server(options: Options) -> Iterator[Server]:
    from revgate.postgres.server import throwaway

    with throwaway(options.database_url, cached=options.cached, major=options.major) as server:
        server.prepare(options.prepared)
        yield server


def examine(examined: ExaminedDatabase, expect_tables: int | None) -> Examination:
    """Judge a database.

    Args:
        examined: The database.
        expect_tables: The expected number of tables; None for that of the head.
    """
    examined = examined.without_ignored()
    separated = None if examined.broken else _separated(examined)
    diagnosis = _diagnosis(examined, separated) if separated else None
    head = ", ".join(heads_of(examined.chain))
    at_head = _at_head(examined)
    if expect_tables is None and at_head is not None:
        expect_tables = count_tables(at_head)
    expected = Expected(
        len(examined.chain),
        head,
        examined.broken,
        expect_tables,
        examined.models.tables if examined.models else None,
        at_head,
        sum(each.kind == "table" for each in separated.additions) if separated else 0,
    )
    where = f"{examined.target.address} by {examined.target.named_by}"
    tests, missing, unmapped = run_tests(examined.found, expected, diagnosis, where)
    return Examination(
        str(examined.target.address),
        examined.found.version,
        examined.environment.name,
        head,
        examined.found.stamps,
        count_tables(examined.found.snapshot),
        expect_tables,
        (*tests, *examined.tenants),
        diagnosis,
        missing,
        unmapped,
        examined.advised(diagnosis.commands if diagnosis else ()),
        (*examined.notes, *(separated.notes() if separated else ())),
        separated.additions if separated else (),
    )


def _separated(examined: ExaminedDatabase) -> Separated:
    snapshots = examined.states.snapshots
    extensions = extensions_of(snapshots)
    states = tuple(comparable(each, extensions) for each in snapshots)
    return separate(states, comparable(examined.found.snapshot, extensions))


def _diagnosis(examined: ExaminedDatabase, separated: Separated) -> Diagnosis:
    ids = tuple(each.id for each in examined.chain)
    history = History(ids, separated.states, needs_of(examined.chain))
    return diagnose(history, examined.found.stamps, separated.rest)


def _at_head(examined: ExaminedDatabase) -> Snapshot | None:
    snapshots = examined.states.snapshots
    return snapshots[-1] if len(snapshots) > len(examined.chain) else None
