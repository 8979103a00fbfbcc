"""The passes of a round trip, one function each: upgrade, downgrade, upgrade again, production."""

from __future__ import annotations

import os
import re
import time
from concurrent.futures import Future
from contextlib import ExitStack, nullcontext
from functools import partial
from typing import TYPE_CHECKING

from revgate.errors import CannotJudgeError
from revgate.postgres.snapshot import Snapshot, compare
from revgate.postgres.snapshot.ignored import is_ignored
from revgate.roundtrip.answers import ModelReport, ModelsFailed, NoModels
from revgate.roundtrip.jobs import Jobs, default_jobs
from revgate.roundtrip.models import Comparison
from revgate.roundtrip.observed import (
    AGAIN,
    DOWNGRADE,
    MODELS,
    SETUP,
    TOTAL,
    UPGRADE,
    WITH_ROWS,
    Models,
)
from revgate.roundtrip.part import Part, take_over
from revgate.roundtrip.plan import divide
from revgate.roundtrip.production import run_production, take_production
from revgate.roundtrip.resumption import check_resumption
from revgate.roundtrip.rows.populated import PopulatedPass
from revgate.roundtrip.session import Session
from revgate.roundtrip.stepping import run_downgrade, run_upgrade, run_upgrade_again
from revgate.source import read_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from revgate.environments import Environment
    from revgate.history.revision import Revision
    from revgate.roundtrip.agent_client import MigrationContext
    from revgate.roundtrip.observed import Failure, ModelDifference, RoundTrip
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
    make = partial(Session, environment, chain, options, report, context, contexts)
    begun = time.perf_counter()
    try:
        session = make()
        _run_session(session, alone=False)
    except (Indivisible, CannotJudgeError) as error:
        if isinstance(error, CannotJudgeError) and _NO_ROOM not in str(error):
            raise
        session = make()
        _run_session(session, alone=True)
    session.durations.append((TOTAL, time.perf_counter() - begun))
    return session.result(), session.contexts


class Indivisible(Exception):  # noqa: N818 - not an error
    """The parts of a history do not fit together, or disturb each other on one server."""


def _run_session(session: Session, *, alone: bool) -> None:
    """Run a session.

    Args:
        session: The session.
        alone: Whether nothing runs at the same time, and the history is one part.

    Raises:
        Indivisible: It has to run alone.
    """
    with ExitStack() as stack:
        with session.timed(SETUP):
            session.start(stack)
        alone = alone or not session.roles.stay_in_databases or _ends_sessions(session)
        # The rules on schemas follow objects by their oids, which each database assigns itself.
        divided = not (alone or session.context or session.options.judges_schema)
        places = divide(len(session.revisions)) if divided else [(0, len(session.revisions))]
        number = 1 if alone else session.options.jobs or default_jobs()
        jobs = Jobs(number, session.stop)
        try:
            _run_passes(session, jobs, places)
        finally:
            jobs.close()
        if not alone and (session.roles.were_made or any(map(_may_be_of_others, session.failures))):
            raise Indivisible
        session.collect_notes()


def _ends_sessions(session: Session) -> bool:
    """Tell whether env.py ends other sessions on the server, those of other parts among them."""
    path = os.path.join(session.options.root, session.environment.script_location, "env.py")
    try:
        return b"pg_terminate_backend" in read_regular(path)
    except OSError:
        return False


def _run_passes(session: Session, jobs: Jobs, places: Sequence[tuple[int, int]]) -> None:
    populated = PopulatedPass(session) if session.options.rows else None
    models: Future[ModelReport | None] = Future()
    upgraded: list[Future[Part | None]] = [Future() for _ in places]
    # The last part takes longest, since the schema is largest there; rows begin with the first.
    order = range(len(places)) if populated else reversed(range(len(places)))
    started = {
        at: jobs.start(partial(_run_part, session, places[at], upgraded[at], models))
        for at in order
    }
    parts = [started[at] for at in range(len(places))]
    production = None
    if session.plan.production and not session.context:
        production = jobs.start(partial(run_production, session, models))
    if jobs.is_serial:
        _fitting(parts)
        session.roles.forget()
    if populated:
        with session.timed(WITH_ROWS):
            populated.run(_upgraded(upgraded))
    run = _fitting(parts)
    take_over(session, run)
    session.roles.forget()
    if populated:
        populated.conclude()
    built = None
    if production and len(session.snapshots) > len(session.revisions):
        built = take_production(session, production())
    _compare_models(session, run[-1].models, built)


def _upgraded(parts: Sequence[Future[Part | None]]) -> Iterator[Part]:
    """Yield each part once it has been upgraded, up to the first that could not be."""
    for each in parts:
        part = each.result()
        if part is None:
            return
        yield part
        if not part.is_whole:
            return


def _fitting(parts: Sequence[Callable[[], Part | None]]) -> list[Part]:
    """Return the parts that ran, up to the first whose upgrade failed.

    Raises:
        Indivisible: One does not begin with the schema that the one before it ends with.
    """
    run: list[Part] = []
    for each in parts:
        part = each()
        if part is None or (run and compare(run[-1].snapshots[-1], part.snapshots[0])):
            raise Indivisible
        run.append(part)
        if not part.is_whole:
            break
    return run


_CONFLICTS = ("40P01", "55006", "XX000")
"""Deadlocks, things in use, and concurrent changes of a catalog that all databases share."""
_OF_THE_SERVER = re.compile(r"\brole\b|prepared transaction|transaction identifier|\breplication\b")
_NO_ROOM = "out of shared memory"


def _may_be_of_others(failure: Failure) -> bool:
    """Tell whether a step may have failed because of another part, on the same server."""
    return failure.sqlstate in _CONFLICTS or bool(_OF_THE_SERVER.search(failure.message))


def _run_part(
    session: Session,
    place: tuple[int, int],
    upgraded: Future[Part | None],
    models: Future[ModelReport | None],
) -> Part | None:
    """Step a part of the history, and close its databases.

    Args:
        session: The round trip.
        place: The place of the first revision, and that after the last one.
        upgraded: Gets the part once its revisions have been upgraded, or None if there is none.
        models: Gets the models once they have been compared, or None if they are not.

    Returns:
        The part; None if the revisions below it cannot run in one go.
    """
    start, stop = place
    try:
        with session.timed(SETUP) if not start else nullcontext():
            part = _begin_part(session, start, stop)
        if part is None:
            return None
        try:
            _step_part(session, part, upgraded, models)
        finally:
            part.close()
        return part
    finally:
        if not upgraded.done():
            upgraded.set_result(None)
        if stop == len(session.revisions) and not models.done():
            models.set_result(None)


def _begin_part(session: Session, start: int, stop: int) -> Part | None:
    if not start:
        part = Part(session, start, stop, None, session.stepper)
        if not session.stepper.isolated:
            session.isolated = False
            part.notes.append(session.stepper.explain_guards())
        if part.database.started.left_out:
            part.notes.append(
                "the application upgrades its database when it is loaded; the round trip left that"
                " out, and runs the revisions itself"
            )
        for named, used in part.database.started.stand_ins:
            part.notes.append(
                f"the driver `{named}` is not installed or does not fit, so env.py connected with"
                f" `{used}`: what differs between the two was not checked"
            )
        return part
    stepper, builder = session.start_agent(), session.start_agent()
    below = session.all_revisions[: session.plan.start + start]
    base = session.build_base(builder, below)
    return Part(session, start, stop, base, stepper) if base else None


def _step_part(
    session: Session,
    part: Part,
    upgraded: Future[Part | None],
    models: Future[ModelReport | None],
) -> None:
    with part.timed_pass(UPGRADE):
        reached = run_upgrade(session, part)
    upgraded.set_result(part)
    if not part.is_whole:
        session.discard(part.stop)
    elif part.stop == len(session.revisions) and session.plan.to_head:
        with session.timed(MODELS):
            part.models = part.database.agent.compare_models()
        models.set_result(part.models if isinstance(part.models, ModelReport) else None)
    if reached == 0:
        return
    with part.timed_pass(DOWNGRADE):
        untried = run_downgrade(part, reached)
    with part.timed_pass(AGAIN):
        is_complete = run_upgrade_again(part, reached, untried)
    check_resumption(session, part, is_complete=is_complete)


# -- models --------------------------------------------------------------------------------------


def _compare_models(
    session: Session,
    answer: ModelReport | NoModels | ModelsFailed | None,
    built: Snapshot | None,
) -> None:
    """Compare the models with the schema at the head.

    Args:
        session: The round trip.
        answer: What the agent says about the models.
        built: The schema that the models' tables give; None if there is none.
    """
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
            with session.timed(MODELS):
                session.models = _compared(session, answer, built)


def _is_left_out(difference: ModelDifference, patterns: Sequence[str]) -> bool:
    """Tell whether the settings leave out what a difference is about."""
    if difference.table:
        return is_ignored("table", difference.table, patterns)
    return bool(difference.other[1]) and is_ignored(*difference.other, patterns)


def _compared(session: Session, report: ModelReport, built: Snapshot | None) -> Models:
    steps = session.steps or [session.new_step(session.all_revisions[-1])]
    root, patterns = session.options.root, session.options.ignore_objects
    models = Comparison(report, steps, session.snapshots, built, root).conclude()
    known = session.server.prepared.tables if session.server.prepared else frozenset()
    models = models._replace(unmapped=tuple(e for e in models.unmapped if e.table not in known))
    if not patterns:
        return models
    missing, unmapped, drift = (
        tuple(each for each in found if not _is_left_out(each, patterns))
        for found in (models.missing, models.unmapped, models.drift)
    )
    return models._replace(missing=missing, unmapped=unmapped, drift=drift)
