"""`revgate doctor`: examines a database, or resets or completes it after confirmation."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from revgate import environments
from revgate.checking.history import one_history
from revgate.doctor import ExaminedDatabase, begun, create, examine, opened, report, reset, sizes
from revgate.doctor.target import Target, find_database
from revgate.errors import CannotJudgeError, UsageError
from revgate.postgres.names import shown_name
from revgate.roundtrip.answers import ModelsFailed
from revgate.roundtrip.interpreter import run_folders
from revgate.roundtrip.order import upgrade_order
from revgate.roundtrip.tenants import name_in_sql
from revgate.text import count, printable

if TYPE_CHECKING:
    from revgate.postgres.snapshot import Key
    from revgate.roundtrip.options import Options
    from revgate.settings import Settings
    from revgate.source import Source

Say = Callable[[str], None]
"""Writes whole lines of text for the user."""


class DoctorOptions(NamedTuple):
    """The options of the command line."""

    url: str | None
    environment: str | None
    form: str
    cached: bool
    reset: bool
    create_missing: bool
    sizes: str | None
    """The file that gets the sizes of the tables, instead of an examination."""
    yes: str | None
    """The name of the database that may be reset without confirmation."""
    remote: bool
    """Whether a database on another host may be changed."""


def run(
    source: Source, settings: Settings, request: DoctorOptions, options: Options, say: Say
) -> int:
    """Examine, reset or complete one database.

    Returns:
        0 if all tests passed or what was requested is done, else 1.

    Raises:
        UsageError: No database is named, or changing it was not allowed.
        CannotJudgeError: It cannot be reached, or the history cannot be run.
    """
    if request.sizes is not None:
        found = environments.find(source, settings, request.environment)
        folders = [folder for each in found for folder in run_folders(each, options.root)]
        target = find_database(options.root, request.url, folders)
        say(sizes.write(target.address, request.sizes))
        return 0
    read, broken = one_history(source, settings, request.environment)
    environment = read.history.environment
    options = options.for_environment(environment)
    folders = run_folders(environment, options.root)
    target = find_database(options.root, request.url, folders)
    changes = "--reset" if request.reset else "--create-missing" if request.create_missing else ""
    if changes:
        _refuse_remote(target, changes, remote=request.remote)
    chain = [] if broken else upgrade_order(environment, read.history.graph, options)
    with opened(target, environment, chain, broken, options, cached=request.cached) as examined:
        if request.reset:
            return _reset(examined, request, say)
        if request.create_missing:
            return _create_missing(examined, options, say)
        examination = examine(examined, options.expect_tables)
        notes = (*begun.describe(target), *examination.notes)
        examination = examination._replace(notes=notes)
        write = report.as_json if request.form == "json" else report.as_text
        say(write(examination))
        return 1 if examination.failed else 0


def _refuse_remote(target: Target, option: str, *, remote: bool) -> None:
    if not (target.is_local or remote):
        raise UsageError(
            f"{target.address} is on another host, and `{option}` would change it: pass `--remote`"
            " too if you mean that"
        )


# -- --reset -------------------------------------------------------------------------------------


def _reset(examined: ExaminedDatabase, request: DoctorOptions, say: Say) -> int:
    if examined.broken:
        raise CannotJudgeError(
            f"the history is not linear, so its objects are unknown: {examined.broken[0]}"
        )
    found = examined.found
    table = examined.states.version_table if found.has_version_table else None
    plan = reset.plan(found.snapshot, examined.known, table)
    if plan.is_empty:
        say(f"{examined.target.address} has no objects of this application\n")
        return 0
    say(_shown(examined.target, plan, examined.other_schemas))
    confirm(examined.target, request.yes, "drop them", say)
    reset.drop(examined.target.address, plan)
    dropped = len(plan.drops) + (plan.version_table is not None)
    (following,) = examined.advised(["alembic upgrade head"])
    say(f"✓ dropped {count(dropped, 'object')}\n  Run next: {following}\n")
    return 0


def _shown(target: Target, plan: reset.Plan, others: Sequence[str]) -> str:
    drops = list(map(_named, plan.drops))
    drops += [f"{_named(each)}, which belongs to one of these" for each in plan.along]
    if plan.version_table:
        drops.append(f"table {'.'.join(filter(None, reversed(plan.version_table)))}")
    lines = [f"To be dropped from {target.address}, with all rows:"]
    lines += [f"  {each}" for each in drops]
    if plan.stays:
        lines.append("Not part of the application, to be kept:")
        lines += [f"  {_named(each)}" for each in plan.stays]
    if others:
        lines.append("Of other tenants, to be kept; drop them by hand:")
        lines += [f"  schema {name_in_sql(each)}" for each in others]
    return "".join(f"{printable(line)}\n" for line in lines)


def _named(key: Key) -> str:
    return f"{key[0]} {key[1].removeprefix('public.')}"


def confirm(target: Target, yes: str | None, what: str, say: Say) -> None:
    """Ask for the name of the database, unless the command line contains it.

    Raises:
        UsageError: The name differs, or there is no terminal to ask on.
    """
    check_confirmable(target, yes)
    name = target.address.database
    if yes is not None:
        return
    say(f"Type the name of the database, {name}, to {what}: ")
    if sys.stdin.readline().strip() != name:
        raise UsageError("nothing was changed: the name does not match")


def check_confirmable(target: Target, yes: str | None) -> None:
    """Check that a change of a database can be confirmed.

    Raises:
        UsageError: The name on the command line differs, or there is no terminal to ask on.
    """
    name = target.address.database
    if yes is not None and yes != name:
        raise UsageError(f"nothing was changed: the database is {name!r}, not {yes!r}")
    if yes is None and not sys.stdin.isatty():
        raise UsageError(f"nothing was changed: without a terminal, pass `--yes {name}`")


# -- --create-missing ----------------------------------------------------------------------------


def _create_missing(examined: ExaminedDatabase, options: Options, say: Say) -> int:
    if examined.models is None or examined.database is None:
        raise CannotJudgeError(
            "there are no models to create tables from:"
            f" {'; '.join(examined.notes or examined.broken)}"
        )
    missing: Sequence[tuple[str, str]] = examine(examined, options.expect_tables).missing
    if not missing:
        say("✓ every model has its table\n")
        return 0
    answer = examined.database.agent.models_ddl(missing)
    if isinstance(answer, ModelsFailed):
        raise CannotJudgeError(f"the tables of the models cannot be created: {answer.message}")
    create.create(examined.target.address, missing, answer.ddl)
    names = "".join(f"    {shown_name(*each)}\n" for each in missing)
    say(
        f"✓ created {count(len(missing), 'table')} from the models:\n{names}"
        "⚠ This bypassed the migrations: no revision created these tables, and the stamp did not\n"
        "  change. Use it in development only; elsewhere, run `alembic upgrade head`.\n"
    )
    return 0
