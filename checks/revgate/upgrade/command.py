"""`revgate upgrade`: examines, rehearses, confirms, backs up, upgrades and verifies.

A failure before the upgrade itself leaves the database unchanged; a failure during it is rolled
back by PostgreSQL as far as env.py's transactions reach.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from revgate.checking import gate
from revgate.checking import history as history_checks
from revgate.checking.history import one_history
from revgate.doctor import ExaminedDatabase, begun, examine, opened, report
from revgate.doctor.command import check_confirmable, confirm
from revgate.doctor.database import VersionTable, look
from revgate.doctor.target import Target, find_database
from revgate.errors import CannotJudgeError, UsageError
from revgate.findings import ERROR
from revgate.result import Result
from revgate.roundtrip.interpreter import run_folders
from revgate.roundtrip.interruption import Interrupted
from revgate.roundtrip.options import STEP_TIMEOUT
from revgate.roundtrip.order import upgrade_order
from revgate.text import quoted
from revgate.upgrade import backup, plan, script
from revgate.upgrade.copy import try_on_copy
from revgate.upgrade.run import LOCK_NOT_AVAILABLE, Patience, upgrade

if TYPE_CHECKING:
    from revgate.checking.selection import Choice
    from revgate.doctor.examination import Examination
    from revgate.history.read import Read
    from revgate.postgres.snapshot import Snapshot
    from revgate.roundtrip.answers import Failed
    from revgate.roundtrip.options import Options
    from revgate.settings import Settings
    from revgate.source import Source

Say = Callable[[str], None]
_READY = ("behind", "empty")
_FAILS = ("upgrade-fails", "fails-in-one-transaction", "fails-on-rows")
"""The rules for an upgrade that fails; what others find does not stop it."""
_DIFFERENT = ("changed-by-hand", "half-applied")


class UpgradeOptions(NamedTuple):
    """The options of the command line."""

    url: str | None
    environment: str | None
    backup: str | None
    """The file; None for one named after the database and the time."""
    no_backup: bool
    sql: str | None
    """The file to write a script to, instead of upgrading."""
    start: str | None
    """For the script: the current revision; None to read it from the database."""
    yes: str | None
    """The name of the database that may be upgraded without confirmation."""
    despite_differences: bool
    patience: Patience


def run(
    source: Source,
    settings: Settings,
    choice: Choice,
    request: UpgradeOptions,
    options: Options,
    say: Say,
) -> int:
    """Upgrade one database, or write the script for it.

    Returns:
        0 if it is at the head afterwards and passes all tests of the doctor, else 1.

    Raises:
        UsageError: No database is named, or the upgrade was not confirmed.
        CannotJudgeError: It cannot be reached or backed up, or env.py cannot be run.
    """
    read, broken = one_history(source, settings, request.environment)
    if broken:
        raise CannotJudgeError(
            "the history is not linear, so it has no single head to upgrade to:\n"
            + "\n".join(broken)
        )
    environment = read.history.environment
    options = options.for_environment(environment)
    chain = upgrade_order(environment, read.history.graph, options)
    folders = run_folders(environment, options.root)
    if request.sql is not None:
        start = request.start or _stamp(options.root, request.url, folders)
        script.write(
            request.sql, environment, start, chain[-1].id, options, request.patience.lock_timeout
        )
        say(f"✓ {start} to {chain[-1].id} is in {request.sql}\n")
        return 0
    target = find_database(options.root, request.url, folders)
    if request.yes is not None:
        check_confirmable(target, request.yes)
    path = _backup_path(target, request)
    say("".join(f"⚠ {line}\n" for line in begun.describe(target)))
    with opened(target, environment, chain, (), options, cached=True) as examined:
        pass  # the throwaway database is no longer needed
    examination = examine(examined, options.expect_tables)
    try_copy = partial(try_on_copy, examined, chain[-1].id, options)
    pending = _pending(examination, request, try_copy, say)
    if not pending:
        if not examination.failed:
            begun.forget(target.address)
        return 1 if examination.failed else 0
    check_confirmable(target, request.yes)
    new = frozenset(pending)
    rehearsal = options._replace(new=new, timeout=STEP_TIMEOUT, major=examined.found.major)
    observed = gate.observe(read, choice, rehearsal)
    if _fails(read, observed, new, say):
        return 1
    say(plan.render(target, examined.found.stamps, pending, observed.roundtrip))
    confirm(target, request.yes, "upgrade it", say)
    if path:
        _back_up(target, examined, path, say)
    with begun.remembered(target.address, examined.found.stamps, chain[-1].id, path):
        try:
            failed = upgrade(
                target.address, environment, chain[-1].id, options, request.patience, say
            )
        except (KeyboardInterrupt, Interrupted, CannotJudgeError):
            say("".join(f"✗ {line}\n" for line in begun.describe(target)))
            raise
    return _verify(examined, options, failed, path, say)


def _backup_path(target: Target, request: UpgradeOptions) -> str | None:
    """Return the file for the backup; None for no backup.

    Raises:
        UsageError: It cannot be written.
    """
    if request.no_backup:
        return None
    now = datetime.now(UTC)
    path = request.backup or f"{target.address.database}-{now:%Y%m%d%H%M%S}.dump"
    backup.check_path(path)
    return path


def _stamp(root: str, url: str | None, folders: Sequence[str]) -> str:
    """Return the stamp of the database; `base` if no database is named."""
    try:
        target = find_database(root, url, folders)
    except UsageError:
        if url:
            raise
        return "base"
    stamps = look(target.address, VersionTable()).stamps
    if len(stamps) > 1:
        raise CannotJudgeError(f"{target.address} has several stamps; name one with `--from`")
    return stamps[0] if stamps else "base"


def _pending(
    examination: Examination,
    request: UpgradeOptions,
    try_copy: Callable[[], Failed | None],
    say: Say,
) -> Sequence[str]:
    """Return the pending revisions; show the doctor's report if there are none.

    Raises:
        CannotJudgeError: The schema does not match the stamp, or the upgrade would fail on it.
    """
    diagnosis = examination.diagnosis
    if diagnosis is None:  # only if the history is not linear, which was ruled out
        return ()
    if diagnosis.state == "at-head":
        say(report.as_text(examination))
        return ()
    stamped = _is_stamped(examination, diagnosis.revision)
    if diagnosis.state in _READY and not examination.additions:
        return diagnosis.pending
    if diagnosis.state in _DIFFERENT and stamped and request.despite_differences:
        return diagnosis.pending
    if diagnosis.state not in (*_READY, *_DIFFERENT) or not stamped:
        say(report.as_text(examination))
        raise CannotJudgeError(
            "not upgraded: the schema does not match the stamp, so an upgrade could fail halfway or"
            " build on missing objects\nrun the commands listed above first"
        )
    _rehearse(examination, try_copy, say)
    return diagnosis.pending


def _rehearse(examination: Examination, try_copy: Callable[[], Failed | None], say: Say) -> None:
    """Upgrade a copy of a schema that is not exactly that of a revision.

    Raises:
        CannotJudgeError: The upgrade fails there, or there is no copy of a schema that differs.
    """
    different = examination.diagnosis is not None and not examination.diagnosis.exact
    if different:
        say(report.as_text(examination))
    try:
        failed = try_copy()
    except CannotJudgeError as error:
        if different:
            raise CannotJudgeError(
                f"not upgraded: the schema differs from that of the stamp, and {error}\nrun the"
                " commands listed above first; or pass `--despite-differences` if the differences"
                " are intended"
            ) from None
        say(f"note: {error}\n")
        return
    if failed:
        raise CannotJudgeError(
            f"not upgraded: on a copy of this database's schema, `{failed.revision}`, line"
            f" {failed.line}, fails: {' '.join(failed.message.split())}\nremove what is in its way,"
            " or pass `--despite-differences` if it will be gone by then"
        )
    say("✓ the upgrade succeeds on a copy of this database's schema\n")


def _is_stamped(examination: Examination, revision: str) -> bool:
    return {*examination.stamps} == ({*revision.split(", ")} if revision != "base" else set())


def _fails(read: Read, observed: gate.Observed, pending: frozenset[str], say: Say) -> bool:
    """Whether the round trip found that a pending upgrade fails, which is then reported."""
    found = [
        each for each in observed.findings if each.severity is ERROR and each.revision in pending
    ]
    errors = [each for each in found if each.rule in _FAILS]
    if not errors:
        others = sorted({each.rule for each in found})
        if others:
            fact = f"does not stop the upgrade: {quoted(others)} in pending revisions"
            say(f"⚠ {fact}; `revgate gate` has the details\n")
        return False
    from revgate.reports import render

    judged = (history_checks.judged(read),)
    say(render(Result("upgrade", judged, tuple(errors), notes=observed.notes), "text"))
    say("✗ not upgraded: the pending revisions fail on a throwaway database\n")
    return True


def _back_up(target: Target, examined: ExaminedDatabase, path: str, say: Say) -> None:
    say(f"backing up to {path} ...\n")
    version = examined.found.version
    backup.take(target.address, path, version, _with_rows(examined.found.snapshot))
    size = os.stat(path).st_size
    say(f"✓ backed up, {size:,} bytes, and the file lists all tables\n")


def _with_rows(snapshot: Snapshot) -> int:
    """Count the tables that contain rows themselves: neither partitioned nor foreign ones."""
    return sum(
        kind == "table" and "partitioned by " not in facts and not facts.startswith("foreign")
        for (kind, _), (_, _, facts) in snapshot.items()
    )


def _verify(
    examined: ExaminedDatabase,
    options: Options,
    failed: Failed | None,
    kept: str | None,
    say: Say,
) -> int:
    target, environment, chain = examined.target, examined.environment, examined.chain
    with opened(target, environment, chain, (), options, cached=True) as after:
        examination = examine(after, options.expect_tables)
    say(report.as_text(examination))
    if failed:
        message = " ".join(failed.message.split())
        say(f"✗ `{failed.revision}`, line {failed.line}: {message}\n")
        if failed.sqlstate == LOCK_NOT_AVAILABLE:
            say(
                "  Another session holds the lock: end its transaction, or retry when traffic is"
                " lower.\n"
            )
    say("".join(f"{line}\n" for line in _ways_back(examined, after.found.stamps, kept)))
    return 1 if failed or examination.failed else 0


def _ways_back(examined: ExaminedDatabase, stamps: Sequence[str], kept: str | None) -> list[str]:
    lines = []
    before = examined.found.stamps
    if stamps != before and len(before) < 2:  # Alembic downgrades one branch at a time
        (back,) = examined.advised([f"alembic downgrade {before[0] if before else 'base'}"])
        lines.append("To go back:")
        lines.append(f"  {back}    undoes the upgrade, and drops newer data")
    if kept:
        lines.append("To restore the previous state in a second database:")
        lines.append(f"  createdb NEW && pg_restore --exit-on-error --dbname NEW {kept}")
    return lines
