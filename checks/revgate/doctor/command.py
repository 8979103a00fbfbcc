"""`revgate doctor`: what is asked of the user, and what is done only after that.

Knows the options and the terminal; how a database is judged, emptied or filled is told elsewhere.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from revgate import environments
from revgate.checking import history as history_checks
from revgate.checking.selection import Choice
from revgate.doctor import Patient, create, examine, opened, report, reset
from revgate.doctor.target import Place, find_database
from revgate.errors import CannotJudgeError, UsageError
from revgate.findings import ERROR
from revgate.postgres.names import shown_name
from revgate.rules import CHAIN
from revgate.text import choose_one, printable

if TYPE_CHECKING:
    from revgate.history.read import Read
    from revgate.postgres.snapshot import Key
    from revgate.roundtrip.options import Options
    from revgate.settings import Settings
    from revgate.source import Source

Say = Callable[[str], None]
"""Writes text, whole lines, to where the user reads it."""


class Wanted(NamedTuple):
    """What the command line says."""

    url: str | None
    environment: str | None
    form: str
    cached: bool
    reset: bool
    create_missing: bool
    yes: str | None
    """The name of the database that may be emptied without a question."""
    remote: bool
    """Whether a database of another host may be changed."""


def run(source: Source, settings: Settings, wanted: Wanted, options: Options, say: Say) -> int:
    """Examine, empty or fill one database.

    Returns:
        0 where all tests passed, or what was asked for is done; else 1.

    Raises:
        UsageError: No database is named, or it may not be changed.
        CannotJudgeError: It cannot be reached, or the history not be run.
    """
    read, broken = one_history(source, settings, wanted.environment)
    environment = read.history.environment
    options = options.for_environment(environment)
    folder = os.path.dirname(os.path.join(options.root, *environment.config.split("/")))
    place = find_database(options.root, wanted.url, (folder,))
    changes = "--reset" if wanted.reset else "--create-missing" if wanted.create_missing else ""
    if changes:
        _see_that_it_may_be_changed(place, changes, remote=wanted.remote)
    chain = [] if broken else history_checks.upgrade_order(read.history)
    with opened(place, environment, chain, broken, options, cached=wanted.cached) as patient:
        if wanted.reset:
            return _reset(patient, wanted, say)
        if wanted.create_missing:
            return _create_missing(patient, options, say)
        examination = examine(patient, options.expect_tables)
        write = report.as_json if wanted.form == "json" else report.as_text
        say(write(examination))
        return 1 if examination.failed else 0


def one_history(
    source: Source, settings: Settings, environment: str | None
) -> tuple[Read, tuple[str, ...]]:
    """Return the one environment, and what is wrong with its chain.

    Raises:
        UsageError: There are several to choose from.
        CannotJudgeError: There is none.
    """
    found = environments.find(source, settings, environment)
    if len(found) > 1:
        raise UsageError(choose_one(each.name for each in found))
    choice = Choice(settings, groups=(CHAIN,))
    result, reads = history_checks.check(source, settings, choice, environment=found[0].name)
    errors = (each for each in result.findings if each.severity is ERROR)
    return reads[0], tuple(f"{each.path}:{each.line} {each.message}" for each in errors)


def _see_that_it_may_be_changed(place: Place, option: str, *, remote: bool) -> None:
    if not (place.is_local or remote):
        raise UsageError(
            f"{place.address} is on another host, and `{option}` changes it: if that is what you"
            " want, pass `--remote` too"
        )


# -- --reset -------------------------------------------------------------------------------------


def _reset(patient: Patient, wanted: Wanted, say: Say) -> int:
    if patient.broken:
        raise CannotJudgeError(
            f"the history is no single line, so what it owns is not known: {patient.broken[0]}"
        )
    found = patient.found
    table = patient.states.version_table if found.has_version_table else None
    plan = reset.plan(found.snapshot, patient.known, table)
    if plan.is_empty:
        say(f"{patient.place.address} has nothing of this application\n")
        return 0
    say(_shown(patient.place, plan))
    confirm(patient.place, wanted.yes, "drop them", say)
    reset.drop(patient.place.address, plan)
    count = len(plan.drops) + (plan.version_table is not None)
    say(f"✓ dropped {count} object{'s' * (count != 1)}\n  What to run now: alembic upgrade head\n")
    return 0


def _shown(place: Place, plan: reset.Plan) -> str:
    drops = list(map(_named, plan.drops))
    if plan.version_table:
        drops.append(f"table {'.'.join(filter(None, reversed(plan.version_table)))}")
    lines = [f"These are dropped, with all their rows, from {place.address}:"]
    lines += [f"  {each}" for each in drops]
    if plan.stays:
        lines.append("These are not the application's, and stay:")
        lines += [f"  {_named(each)}" for each in plan.stays]
    return "".join(f"{printable(line)}\n" for line in lines)


def _named(key: Key) -> str:
    return f"{key[0]} {key[1].removeprefix('public.')}"


def confirm(place: Place, yes: str | None, what: str, say: Say) -> None:
    """Have the name of the database typed, unless the command line has it.

    Raises:
        UsageError: It is another, or there is nobody to type it.
    """
    name = place.address.database
    if yes is not None:
        if yes != name:
            raise UsageError(f"nothing was changed: the database is {name!r}, not {yes!r}")
        return
    if not sys.stdin.isatty():
        raise UsageError(f"nothing was changed: without a terminal, pass `--yes {name}`")
    say(f"Type the name of the database, {name}, to {what}: ")
    if sys.stdin.readline().strip() != name:
        raise UsageError("nothing was changed: that is not its name")


# -- --create-missing ----------------------------------------------------------------------------


def _create_missing(patient: Patient, options: Options, say: Say) -> int:
    if patient.models is None or patient.bench is None:
        raise CannotJudgeError(
            f"there are no models to make tables from: {'; '.join(patient.notes or patient.broken)}"
        )
    missing: Sequence[tuple[str, str]] = examine(patient, options.expect_tables).missing
    if not missing:
        say("✓ every model has its table\n")
        return 0
    answer = patient.bench.agent.models_ddl(missing)
    if answer["error"]:
        raise CannotJudgeError(f"the models cannot be made: {answer['error']}")
    create.create(patient.place.address, missing, answer["ddl"])
    names = "".join(f"    {shown_name(*each)}\n" for each in missing)
    say(
        f"✓ made {len(missing)} table{'s' * (len(missing) != 1)} from the models:\n{names}"
        "⚠ This went past the migrations: no revision made these tables, and the stamp was not\n"
        "  changed. It is for development only; elsewhere, run `alembic upgrade head`.\n"
    )
    return 0
