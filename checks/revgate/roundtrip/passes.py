"""The passes of a round trip, one function each: upgrade, downgrade, upgrade again, production."""

from __future__ import annotations

import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from revgate.errors import CannotJudgeError
from revgate.postgres.snapshot import (
    Snapshot,
    Snapshotter,
    compare,
    count_tables,
    outside,
    own_tables,
)
from revgate.postgres.snapshot.ignored import is_ignored
from revgate.roundtrip.answers import Failed, Finished, ModelReport, ModelsFailed, NoModels
from revgate.roundtrip.models import Comparison
from revgate.roundtrip.models_database import build
from revgate.roundtrip.observed import (
    AGAIN,
    DOWNGRADE,
    MODELS,
    PRODUCTION,
    SETUP,
    UPGRADE,
    WITH_ROWS,
    Difference,
    Models,
    Pass,
)
from revgate.roundtrip.order import heads_of
from revgate.roundtrip.rows.populated import PopulatedPass
from revgate.roundtrip.schema import SchemaFollower
from revgate.roundtrip.session import Session
from revgate.roundtrip.tenants import schemas_of_others

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.environments import Environment
    from revgate.history.revision import Revision
    from revgate.postgres.connect import Address
    from revgate.postgres.snapshot.change import CatalogueChange
    from revgate.roundtrip.agent_client import MigrationContext
    from revgate.roundtrip.observed import RoundTrip
    from revgate.roundtrip.options import Options
    from revgate.roundtrip.progress import Report


def run(
    environment: Environment,
    chain: Sequence[Revision],
    options: Options,
    report: Report,
    context: int = 0,
    contexts: Sequence[MigrationContext] = (),
) -> tuple[RoundTrip, Sequence[MigrationContext]]:
    """Run all passes over one migration context of env.py.

    Args:
        environment: The environment.
        chain: Its revisions in upgrade order.
        options: Of the run.
        report: Called with the name of the pass after each step.
        context: The number of the migration context, from 0.
        contexts: All of them, if that is known already.

    Returns:
        What was observed, and all migration contexts that env.py has, if the production pass ran.

    Raises:
        CannotJudgeError: The round trip could not run at all.
    """
    if not chain:
        raise CannotJudgeError(f"{environment.name} has no revisions to run")
    session = Session(environment, chain, options, report, context, contexts)
    with ExitStack() as stack:
        with session.timed(SETUP):
            session.start(stack)
        populated = PopulatedPass(session) if options.rows else None
        try:
            _run_stepped(session)
        finally:
            session.checkpoints.close()
            session.database.close()
        session.roles.forget()
        reached = len(session.snapshots) - 1
        if populated:
            with session.timed(WITH_ROWS):
                session.notes += populated.run(reached)
        if session.plan.production and not context and reached == len(session.revisions):
            run_production(session)
        session.collect_notes()
    return session.result(), session.contexts


def _run_stepped(session: Session) -> None:
    with session.timed_pass(UPGRADE):
        reached = run_upgrade(session)
    if reached == len(session.revisions) and session.plan.to_head:
        with session.timed(MODELS):
            _compare_models(session)
    if reached == 0:
        return
    with session.timed_pass(DOWNGRADE):
        at_base = run_downgrade(session, reached)
    if at_base:
        with session.timed_pass(AGAIN):
            run_upgrade_again(session, reached)


def run_upgrade(session: Session) -> int:
    """Upgrade to the head; return how many revisions could be upgraded."""
    session.snapshots = [session.take_snapshot()]
    follow = SchemaFollower(session.database.started.address).follow
    if session.options.judges_schema:
        session.schema = follow({}, session.current)
    for index in range(len(session.revisions)):
        if not session.step(index, "upgrade", UPGRADE):
            session.note_skipped(session.revisions[index + 1 :], "not run", index)
            return index if session.rebuild(index) else 0
        session.snapshots.append(session.take_snapshot())
        if session.options.judges_schema:
            change = follow(*session.snapshots[-2:])
            session.steps[index] = session.steps[index]._replace(schema=change)
    return len(session.revisions)


def run_downgrade(session: Session, reached: int) -> bool:
    """Downgrade to the base; return whether it was reached.

    After a downgrade that fails, the next one runs in a fresh database.
    """
    session.current = session.snapshots[reached]
    for index in reversed(range(reached)):
        if _downgrade(session, index):
            _compare_after_downgrade(session, index)
        elif not session.rebuild(index):
            session.note_skipped(session.revisions[:index], "not downgraded", index)
            return False
    return True


def _downgrade(session: Session, index: int) -> bool:
    """Run a downgrade; again, if it fails on a schema that a later one left different."""
    failures = len(session.failures)
    if session.step(index, "downgrade", DOWNGRADE):
        return True
    after = session.snapshots[index + 1]
    if not compare(after, session.current) or not session.rebuild(index + 1):
        return False
    del session.failures[failures:]
    return session.step(index, "downgrade", DOWNGRADE)


def _compare_after_downgrade(session: Session, index: int) -> None:
    """Record what this downgrade got wrong, without what an earlier one had left already."""
    known = set(compare(session.snapshots[index + 1], session.current))
    before = session.snapshots[index]
    for change in compare(before, session.take_snapshot(before)):
        if not _is_known(change, known):
            session.after_downgrade.append(Difference(session.steps[index], change))


def run_upgrade_again(session: Session, reached: int) -> None:
    """Upgrade a second time, and compare each schema with the one of the first time."""
    known = set(compare(session.snapshots[0], session.current))
    for index in range(reached):
        if not session.step(index, "upgrade", AGAIN):
            rest = session.revisions[index + 1 : reached]
            session.note_skipped(rest, "not upgraded again", index)
            return
        first = session.snapshots[index + 1]
        changes = compare(first, session.take_snapshot(first))
        for change in changes:
            if not _is_known(change, known):
                session.after_again.append(Difference(session.steps[index], change))
        known |= set(changes)


def _is_known(change: CatalogueChange, known: set[CatalogueChange]) -> bool:
    """Tell whether a difference was there before the step."""
    if change in known:
        return True
    return change.how == "changed" and any(
        (each.kind, each.name, each.how) == (change.kind, change.name, "changed")
        and each.after == change.after
        for each in known
    )


def run_production(session: Session) -> None:
    """Run `upgrade head` in one go, in the transactions that env.py asks for."""
    agent = session.production_agent
    address = session.base or session.server.create_database()
    begun = time.perf_counter()
    try:
        create = partial(session.server.create_next_to, address)
        heads = heads_of(session.all_revisions)
        started = agent.begin(address, heads, create, production=True)
        answer = agent.finish()
        seconds = time.perf_counter() - begun
        session.contexts = [started, *agent.further_contexts]
        snapshotter = Snapshotter(*started[:3])
        # What the steps of this context have made in a schema of another one counts here too.
        own = {name.rpartition(".")[0] for name in own_tables(session.snapshots[-1])}
        schemas = schemas_of_others(started, session.contexts) - own
        tables = count_tables(outside(snapshotter.take(), schemas))
        if isinstance(answer, Finished):
            session.read_schema(started.address)
        if isinstance(answer, Finished) and session.model_report:
            with session.timed(MODELS):
                _compare_built_models(session, session.model_report, address, snapshotter)
        snapshotter.close()
    finally:
        agent.close()
        session.server.drop_database(address)
    if isinstance(answer, Failed):
        _record_production_failure(session, answer)
    complete = isinstance(answer, Finished)
    session.passes.append(Pass(PRODUCTION, seconds, tables, complete))


def _record_production_failure(session: Session, failed: Failed) -> None:
    steps = {each.id: session.new_step(each) for each in session.all_revisions}
    steps |= {each.revision.id: each for each in session.steps}
    *_, latest = session.contexts
    if len(session.contexts) > 1 and latest.origin:
        failed = failed._replace(message=f"{failed.message}, in the database `{latest.origin}`")
    session.record_failure(steps[failed.revision], PRODUCTION, failed)


# -- models --------------------------------------------------------------------------------------


def _compare_models(session: Session) -> None:
    answer = session.database.agent.compare_models()
    match answer:
        case ModelsFailed(message):
            session.models = Models(0, failure=message)
        case NoModels():
            session.notes.append("env.py names no `target_metadata`, so no models were compared")
        case ModelReport() if not answer.tables:
            session.notes.append(
                "env.py's `target_metadata` has no table, so no models were compared; does env.py"
                " import the modules that define them?"
            )
        case ModelReport():
            session.model_report = answer
            session.models = _compared(session, answer, None)


def _compare_built_models(
    session: Session, report: ModelReport, address: Address, snapshotter: Snapshotter
) -> None:
    """Compare also what only PostgreSQL can tell, in a database that is no longer needed."""
    if report.problem and report.differences is not None:
        session.notes.append(
            "part of Alembic's comparison of the models raised, so only the catalogs were compared"
            f" there: {report.problem}"
        )
    problems = build(address, report)
    if problems:
        session.notes.append(
            "not all models could be created on a throwaway database, so some defaults and CHECK"
            f" constraints were not compared: {problems[0]}"
        )
    session.models = _compared(session, report, snapshotter.take())


def _compared(session: Session, report: ModelReport, built: Snapshot | None) -> Models:
    steps = session.steps or [session.new_step(session.all_revisions[-1])]
    root, patterns = session.options.root, session.options.ignore_objects
    models = Comparison(report, steps, session.snapshots, built, root).conclude()
    if not patterns:
        return models
    missing, unmapped, drift = (
        tuple(each for each in found if not is_ignored("table", each.table, patterns))
        for found in (models.missing, models.unmapped, models.drift)
    )
    return models._replace(missing=missing, unmapped=unmapped, drift=drift)
