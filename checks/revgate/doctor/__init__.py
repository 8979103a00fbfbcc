"""The doctor: one existing database against the history and the models.

Knows the order of things: the history is built on a throwaway server, the database is looked at in
a read-only transaction, and both are compared. Nothing third-party is imported before it is called.
"""

from __future__ import annotations

import shlex
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from revgate.doctor.database import Found, VersionTable, look
from revgate.doctor.diagnosis import Diagnosis, History, diagnose
from revgate.doctor.examination import Examination, Expected, run_tests
from revgate.doctor.states import Kept, States, build, comparable, extensions_of
from revgate.history.digest import key_of
from revgate.postgres.names import name_parts
from revgate.postgres.snapshot import Snapshot, count_tables, queries
from revgate.roundtrip.agent_client import Bench
from revgate.roundtrip.models import Told, read_told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.doctor.target import Place
    from revgate.environments import Environment
    from revgate.history.revision import Revision
    from revgate.roundtrip.options import Options

__all__ = ["Patient", "examine", "opened"]


class Patient(NamedTuple):
    """A database, and all that it is compared with."""

    place: Place
    environment: Environment
    chain: Sequence[Revision]
    broken: tuple[str, ...]
    """What is wrong with the chain; then there are no states."""
    found: Found
    states: States
    models: Told | None
    bench: Bench | None
    """A throwaway database with env.py on it, as long as the block lasts."""
    notes: tuple[str, ...]

    @property
    def known(self) -> frozenset[tuple[str, str]]:
        """Kind and name of all that the application ever owned, by its history and its models."""
        keys = {key for state in self.states.snapshots for key in state}
        there = {key: name_parts(key[1]) for key in self.found.snapshot if key[0] == "table"}
        tables = self.models.tables if self.models else frozenset()
        return frozenset(keys | {key for key, table in there.items() if table in tables})


@contextmanager
def opened(
    place: Place,
    environment: Environment,
    chain: Sequence[Revision],
    broken: tuple[str, ...],
    options: Options,
    *,
    cached: bool,
) -> Iterator[Patient]:
    """Have everything that is known of a database, for the time of the block.

    Args:
        place: The database.
        environment: Whose history it should have.
        chain: Its revisions in upgrade order.
        broken: What keeps it from being a line.
        options: As for a round trip; the server is the throwaway one.
        cached: Whether catalogues of earlier runs may be used, and kept.

    Raises:
        CannotJudgeError: The database cannot be read, or the history not be run.
    """
    from revgate.postgres.server import throwaway
    from revgate.roundtrip.agent_client import Agent
    from revgate.roundtrip.interruption import orderly_end
    from revgate.roundtrip.progress import progress

    found = look(place.address, VersionTable())  # first, since it may not be reached at all
    if broken:
        yield Patient(place, environment, chain, broken, found, States(), None, None, ())
        return
    with (
        orderly_end(),
        progress(len(chain), shown=options.progress) as report,
        throwaway(options.database_url) as server,
        closing(Agent(environment, options)) as agent,
        closing(Bench(agent, server, chain[-1].id)) as bench,
    ):
        key = key_of(options.root, environment, chain, server.facts.version, *queries())
        kept = Kept(options.root, environment, key, enabled=cached)
        models, notes = _models(bench)
        states = kept.load()
        if states is None:
            states = build(bench, chain, report)
            kept.save(states)
        if states.version_table != VersionTable():
            found = look(place.address, states.version_table)
        notes = (*notes, *_notes(states, found, server.facts.version), *agent.notes)
        yield Patient(place, environment, chain, (), found, states, models, bench, notes)


def _models(bench: Bench) -> tuple[Told | None, tuple[str, ...]]:
    answer = bench.agent.compare_models()
    if answer["error"]:
        return None, (f"the models could not be read: {answer['error']}",)
    if not answer["metadata"]:
        note = "env.py names no `target_metadata`: tables are compared with those of the head"
        return None, (note,)
    return read_told(answer), ()


def _notes(states: States, found: Found, version: str) -> Iterator[str]:
    if states.stopped:
        yield f"not compared with later revisions: {states.stopped}"
    ours, theirs = (each.partition(".")[0] for each in (version, found.version))
    if ours != theirs:
        yield (
            f"the history was run on PostgreSQL {version}, the database is on {found.version}: they"
            " may word one definition in two ways"
        )


def examine(patient: Patient, expect_tables: int | None) -> Examination:
    """Judge a database.

    Args:
        patient: What is known.
        expect_tables: How many tables there should be; None for as many as the head has.
    """
    diagnosis = None if patient.broken else _diagnosis(patient)
    head = patient.chain[-1].id if patient.chain else ""
    at_head = _at_head(patient)
    if expect_tables is None and at_head is not None:
        expect_tables = count_tables(at_head)
    expected = Expected(
        len(patient.chain),
        head,
        patient.broken,
        expect_tables,
        patient.models.tables if patient.models else None,
        at_head,
    )
    where = f"{patient.place.address} by {patient.place.named_by}"
    tests, missing, unmapped = run_tests(patient.found, expected, diagnosis, where)
    return Examination(
        str(patient.place.address),
        patient.found.version,
        patient.environment.name,
        head,
        patient.found.stamps,
        count_tables(patient.found.snapshot),
        expect_tables,
        tuple(tests),
        diagnosis,
        missing,
        unmapped,
        _commands(patient.environment, diagnosis),
        patient.notes,
    )


def _diagnosis(patient: Patient) -> Diagnosis:
    extensions = extensions_of(patient.states.snapshots)
    states = tuple(comparable(each, extensions) for each in patient.states.snapshots)
    history = History(tuple(each.id for each in patient.chain), states)
    actual = comparable(patient.found.snapshot, extensions)
    return diagnose(history, patient.found.stamps, actual)


def _at_head(patient: Patient) -> Snapshot | None:
    snapshots = patient.states.snapshots
    return snapshots[-1] if len(snapshots) > len(patient.chain) else None


def _commands(environment: Environment, diagnosis: Diagnosis | None) -> tuple[str, ...]:
    """Return the commands, with the configuration that Alembic does not find by itself."""
    words = ["alembic"]
    if environment.config not in ("alembic.ini", "pyproject.toml"):
        words += ["-c", environment.config]
    if environment.section not in ("", "alembic"):
        words += ["-n", environment.section]
    program = " ".join(map(shlex.quote, words))
    commands = diagnosis.commands if diagnosis else ()
    return tuple(
        program + command.removeprefix("alembic") if command.startswith("alembic ") else command
        for command in commands
    )
