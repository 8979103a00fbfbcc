"""`revgate upgrade`: what is asked of the user, and the order in which things are done.

Knows the options and the terminal. Whatever fails before the upgrade itself leaves the database
untouched; what fails in it is rolled back by PostgreSQL as far as env.py's transactions go.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.checking import gate
from revgate.checking import history as history_checks
from revgate.doctor import Patient, examine, opened, report
from revgate.doctor.command import confirm, one_history
from revgate.doctor.database import VersionTable, look
from revgate.doctor.target import Place, find_database
from revgate.errors import CannotJudgeError, UsageError
from revgate.findings import ERROR
from revgate.result import Result
from revgate.roundtrip.options import STEP_TIMEOUT
from revgate.upgrade import backup, plan, script
from revgate.upgrade.run import LOCK_NOT_AVAILABLE, Patience, upgrade

if TYPE_CHECKING:
    from revgate.checking.selection import Choice
    from revgate.doctor.examination import Examination
    from revgate.history.read import Read
    from revgate.postgres.snapshot import Snapshot
    from revgate.roundtrip.options import Options
    from revgate.settings import Settings
    from revgate.source import Source

Say = Callable[[str], None]
_READY = ("behind", "empty")


class Wanted(NamedTuple):
    """What the command line says."""

    url: str | None
    environment: str | None
    backup: str | None
    """A file; None for one that is named for the database and the time."""
    no_backup: bool
    sql: str | None
    """The file to write a script to, instead of upgrading."""
    start: str | None
    """For the script: where the database is, unless that is looked up."""
    yes: str | None
    """The name of the database, that may be upgraded without a question."""
    despite_differences: bool
    patience: Patience


def run(
    source: Source,
    settings: Settings,
    choice: Choice,
    wanted: Wanted,
    options: Options,
    say: Say,
) -> int:
    """Upgrade one database, or write the script for it.

    Returns:
        0 where it is at the head afterwards, by all tests of the doctor; else 1.

    Raises:
        UsageError: No database is named, or nobody says that it may be upgraded.
        CannotJudgeError: It cannot be reached or backed up, or env.py not be run.
    """
    read, broken = one_history(source, settings, wanted.environment)
    if broken:
        raise CannotJudgeError(
            "the history is no single line, so there is no head to upgrade to:\n"
            + "\n".join(broken)
        )
    chain = history_checks.upgrade_order(read.history)
    environment = read.history.environment
    options = options.for_environment(environment)
    folder = os.path.dirname(os.path.join(options.root, *environment.config.split("/")))
    if wanted.sql is not None:
        start = wanted.start or _stamp(options.root, wanted.url, folder)
        script.write(
            wanted.sql, environment, start, chain[-1].id, options, wanted.patience.lock_timeout
        )
        say(f"✓ {start} to {chain[-1].id} is in {wanted.sql}\n")
        return 0
    place = find_database(options.root, wanted.url, (folder,))
    with opened(place, environment, chain, (), options, cached=True) as patient:
        pass  # what was learnt is needed, the throwaway database is not
    examination = examine(patient, options.expect_tables)
    pending = _pending(examination, wanted, say)
    if not pending:
        return 1 if examination.failed else 0
    new = frozenset(pending)
    observed = gate.observe(read, choice, options._replace(new=new, timeout=STEP_TIMEOUT))
    _see_that_it_may_run(read, observed, new, say)
    say(plan.render(place, patient.found.stamps, pending, observed.roundtrip))
    confirm(place, wanted.yes, "upgrade it", say)
    kept = _back_up(place, patient, wanted, say)
    failed = upgrade(place.address, environment, chain[-1].id, options, wanted.patience, say)
    return _verify(patient, options, failed, kept, say)


def _stamp(root: str, url: str | None, folder: str) -> str:
    """Return where the database is that somebody names; `base` where nobody names one."""
    try:
        place = find_database(root, url, (folder,))
    except UsageError:
        if url:
            raise
        return "base"
    stamps = look(place.address, VersionTable()).stamps
    if len(stamps) > 1:
        raise CannotJudgeError(f"{place.address} has several stamps; name one with `--from`")
    return stamps[0] if stamps else "base"


def _pending(examination: Examination, wanted: Wanted, say: Say) -> Sequence[str]:
    """Return what there is to run; the doctor's report is shown where there is nothing.

    Raises:
        CannotJudgeError: The database is not where its stamp says.
    """
    diagnosis = examination.diagnosis
    if diagnosis is None:  # only where the chain is broken, which was seen
        return ()
    if diagnosis.state == "at-head":
        say(report.as_text(examination))
        return ()
    by_hand = diagnosis.state == "changed-by-hand" and wanted.despite_differences
    if diagnosis.state in _READY or (by_hand and _is_stamped(examination, diagnosis.revision)):
        return diagnosis.pending
    say(report.as_text(examination))
    raise CannotJudgeError(
        "not upgraded: the database is not where its stamp says, so an upgrade would fail halfway"
        " or build on what is not there\nrun what is listed above first"
        + (
            "; or pass `--despite-differences`, if you know them"
            if diagnosis.state == "changed-by-hand"
            else ""
        )
    )


def _is_stamped(examination: Examination, revision: str) -> bool:
    return examination.stamps == ((revision,) if revision != "base" else ())


def _see_that_it_may_run(
    read: Read, observed: gate.Observed, pending: frozenset[str], say: Say
) -> None:
    """Refuse what the round trip found wrong with a pending revision."""
    errors = [
        each for each in observed.findings if each.severity is ERROR and each.revision in pending
    ]
    if not errors:
        return
    from revgate.reports import render

    judged = (history_checks.judged(read),)
    say(render(Result("upgrade", judged, tuple(errors), notes=observed.notes), "text"))
    raise CannotJudgeError("not upgraded: what is to run fails on a throwaway database already")


def _back_up(place: Place, patient: Patient, wanted: Wanted, say: Say) -> str | None:
    if wanted.no_backup:
        return None
    now = datetime.now(UTC)
    path = wanted.backup or f"{place.address.database}-{now:%Y%m%d%H%M%S}.dump"
    say(f"backing up to {path} ...\n")
    version = patient.found.version
    backup.take(place.address, path, version, _with_rows(patient.found.snapshot))
    size = os.stat(path).st_size
    say(f"✓ backed up, {size:,} bytes, and the file lists all tables\n")
    return path


def _with_rows(snapshot: Snapshot) -> int:
    """Count the tables that hold rows themselves: not partitioned ones, nor foreign ones."""
    return sum(
        kind == "table" and "partitioned by " not in facts and not facts.startswith("foreign")
        for (kind, _), (_, _, facts) in snapshot.items()
    )


def _verify(
    patient: Patient, options: Options, failed: dict[str, Any] | None, kept: str | None, say: Say
) -> int:
    found = look(patient.place.address, patient.states.version_table)
    examination = examine(patient._replace(found=found), options.expect_tables)
    say(report.as_text(examination))
    before = ", ".join(patient.found.stamps) or "base"
    if failed:
        message = " ".join(failed["message"].split())
        say(f"✗ `{failed['revision']}`, line {failed['line']}: {message}\n")
        if failed["sqlstate"] == LOCK_NOT_AVAILABLE:
            say(
                "  Others hold the lock: end their transactions, or try when there is less to do.\n"
            )
    say("".join(f"{line}\n" for line in _ways_back(before, found.stamps, kept)))
    return 1 if failed or examination.failed else 0


def _ways_back(before: str, stamps: Sequence[str], kept: str | None) -> list[str]:
    lines = []
    if ", ".join(stamps) != before:
        lines.append("To go back:")
        lines.append(f"  alembic downgrade {before}    undoes it, and drops what came since")
    if kept:
        lines.append("To have the database as it was before, beside the one that is there:")
        lines.append(f"  createdb NEW && pg_restore --exit-on-error --dbname NEW {kept}")
    return lines
