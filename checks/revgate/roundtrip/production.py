"""The production pass: `upgrade head` in one go, in the transactions that env.py asks for.

Its database then serves to build the models' tables, so that PostgreSQL itself describes them.
"""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from revgate.postgres.snapshot import Snapshot, Snapshotter, count_tables, outside
from revgate.roundtrip.answers import Failed, Finished
from revgate.roundtrip.built import run_in_one_go
from revgate.roundtrip.models_database import build
from revgate.roundtrip.observed import MODELS, PRODUCTION, Pass
from revgate.roundtrip.order import heads_of
from revgate.roundtrip.tenants import schemas_made, schemas_of_others

if TYPE_CHECKING:
    from concurrent.futures import Future

    from revgate.postgres.connect import Address
    from revgate.roundtrip.agent_client import MigrationContext
    from revgate.roundtrip.answers import ModelReport
    from revgate.roundtrip.observed import SchemaFile
    from revgate.roundtrip.session import Session


class Production(NamedTuple):
    """What became of a production pass."""

    answer: Finished | Failed
    seconds: float
    contexts: list[MigrationContext]
    snapshot: Snapshot
    """Of the database, in the end."""
    built: Snapshot | None
    """Likewise with the models' tables in the place of the revisions'; None without models."""
    schema_file: SchemaFile | None
    notes: list[str]


def run_production(session: Session, models: Future[ModelReport | None]) -> Production:
    """Run `upgrade head` in one go, in the transactions that env.py asks for.

    Args:
        session: The round trip.
        models: Has the models, as soon as they are compared.
    """
    agent = session.production_agent
    begun = time.perf_counter()
    address = session.server.create_database(session.base)
    try:
        heads = heads_of(session.all_revisions)
        started, answer = run_in_one_go(agent, session.server, address, heads)
        seconds = time.perf_counter() - begun
        with closing(Snapshotter(*started[:3], follows=False)) as snapshotter:
            taken, built, notes = snapshotter.take(), None, list[str]()
            finished = isinstance(answer, Finished)
            file = session.read_schema(started.address) if finished else None
            report = models.result() if finished else None
            if report:
                with session.timed(MODELS):
                    notes, built = _build_models(report, address), snapshotter.take()
        contexts = [started, *agent.further_contexts]
        return Production(answer, seconds, contexts, taken, built, file, notes)
    finally:
        agent.close()
        session.server.drop_database(address)


def take_production(session: Session, ran: Production) -> Snapshot | None:
    """Take over what was observed; return the schema of the models, if they were built."""
    session.contexts = ran.contexts
    # What the steps of this context have made in a schema of another one counts here too.
    schemas = schemas_of_others(ran.contexts[0], ran.contexts) - schemas_made(session.snapshots)
    tables = count_tables(outside(ran.snapshot, schemas))
    session.schema_file = file = ran.schema_file
    if file and file.is_of_another_version:
        session.notes.append(
            f"{file.path} was not compared with the schema: another version of PostgreSQL wrote it,"
            f" and this server is {session.server.major}"
        )
    session.notes += ran.notes
    if isinstance(ran.answer, Failed):
        _record_production_failure(session, ran.answer)
    complete = isinstance(ran.answer, Finished)
    session.passes.append(Pass(PRODUCTION, ran.seconds, tables, complete))
    return ran.built


def _record_production_failure(session: Session, failed: Failed) -> None:
    steps = {each.id: session.new_step(each) for each in session.all_revisions}
    steps |= {each.revision.id: each for each in session.steps}
    *_, latest = session.contexts
    if len(session.contexts) > 1 and latest.origin:
        failed = failed._replace(message=f"{failed.message}, in the database `{latest.origin}`")
    session.record_failure(steps[failed.revision], PRODUCTION, failed)


def _build_models(report: ModelReport, address: Address) -> list[str]:
    """Build the models' tables in a database that is no longer needed; return notes."""
    notes = []
    if report.problem and report.differences is not None:
        notes.append(
            "part of Alembic's comparison of the models raised, so only the catalogs were compared"
            f" there: {report.problem}"
        )
    problems = build(address, report)
    if problems:
        notes.append(
            "not all models could be created on a throwaway database, so some defaults and CHECK"
            f" constraints were not compared: {problems[0]}"
        )
    return notes
