"""An upgrade blocks an existing table during work that grows with the size of the table.

Reports locks on existing tables under which PostgreSQL reads or changes rows: building an index,
validating a constraint, or updating rows while a table is locked. Locks that are held only briefly,
as for a new column, are not reported here; for the time spent waiting for them, see
`missing-lock-timeout`. For rewrites of a table, see `table-rewrite`. With `table-sizes` in the
settings, blocking a large table is an error, and blocking a small one is not reported.

Also reports statements that need not block: `DROP INDEX` and `DETACH PARTITION`, which have a form
with `CONCURRENTLY`; `VACUUM FULL`; `LOCK TABLE`; and `CREATE TRIGGER` in a transaction that holds
its lock for longer than the statement.

## Why it hurts
On an empty table this takes no time. In production, every request that writes to the table waits
until the last row has been read, and queued requests block further requests.

## Example
    def upgrade() -> None:
        op.create_index("ix_users_email", "users", ["email"])

## Instead
    def upgrade() -> None:
        with op.get_context().autocommit_block():
            op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_users_email")
            op.create_index("ix_users_email", "users", ["email"], postgresql_concurrently=True)
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from revgate.postgres.names import split_name
from revgate.rules import LIVE, WARNING, Finding, Related, rule
from revgate.rules._locks import blocks, held, held_ms, strong_locks
from revgate.rules._recipes import instead

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import Lock, RoundTrip, Statement, Step

_INDEX = re.compile(
    r'CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?:IF NOT EXISTS\s+)?("[^"]+"|\w+)', re.IGNORECASE
)
_CHANGED = re.compile(r'\b(?:UPDATE|DELETE\s+FROM)\s+(?:ONLY\s+)?([\w$."]+)', re.IGNORECASE)
_ALONE = "within `with op.get_context().autocommit_block():`"


class _Form(NamedTuple):
    """A statement that need not block."""

    name: str
    pattern: str
    help: str
    is_brief: bool = False
    """Whether only the rest of the transaction makes its lock last."""
    rewrites: bool = False

    def matches(self, sql: str) -> bool:
        """Whether a statement is of this form."""
        return re.search(self.pattern, sql, re.IGNORECASE) is not None


_FORMS = (
    _Form(
        "DROP INDEX",
        r"\bDROP\s+INDEX\s+(?!CONCURRENTLY\b)",
        f"drop it {_ALONE}, with `postgresql_concurrently=True, if_exists=True`, in SQL"
        " `DROP INDEX CONCURRENTLY IF EXISTS`",
    ),
    _Form(
        "DETACH PARTITION",
        r"\bDETACH\s+PARTITION\b(?!.*\bCONCURRENTLY\b)",
        f"write `ALTER TABLE ... DETACH PARTITION ... CONCURRENTLY`, {_ALONE}, and only where"
        ' `op.get_bind().exec_driver_sql("SELECT FROM pg_inherits WHERE inhrelid ='
        " to_regclass('...')\").first()` is not None, so that it can be run again",
    ),
    _Form(
        "VACUUM FULL",
        r"^\s*VACUUM\s*\(?[^;]*?\bFULL\b",
        "write `VACUUM` without `FULL`, which does not block, or use an extension that rewrites a"
        " table while it is in use, such as pg_repack",
        rewrites=True,
    ),
    _Form(
        "LOCK TABLE",
        r"(?:^|;)\s*LOCK\s",
        "remove it, or take a weaker lock: `IN SHARE UPDATE EXCLUSIVE MODE` excludes other schema"
        " changes, and blocks neither reads nor writes",
    ),
    _Form(
        "CREATE TRIGGER",
        r"\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:CONSTRAINT\s+)?TRIGGER\b",
        f"create it {_ALONE}, which holds the lock no longer than the statement, with"
        " `CREATE OR REPLACE TRIGGER`, which can be run again",
        is_brief=True,
    ),
)
_CHANGES = re.compile(r"\s*(?:WITH\b.*?\b)?(UPDATE|DELETE)\b", re.IGNORECASE)


@rule(severity=WARNING, group=LIVE)
def blocking_lock(observed: RoundTrip) -> Iterator[Finding]:
    """Report work on rows under a lock that blocks writes."""
    for step in observed.pending_steps():
        found = [*_builds_and_checks(step), *_changes(step)]
        yield from found
        lines = {each.line for each in found}
        yield from (each for each in _needless(step) if each.line not in lines)


def _needless(step: Step) -> Iterator[Finding]:
    """Report statements that take a lock which another statement would not need."""
    dropped = {table for each in step.statements for table in each.drops}
    for statement in step.statements:
        form = next((each for each in _FORMS if each.matches(statement.sql)), None)
        if form is None or (statement.alone and form.is_brief):
            continue
        for lock in sorted(strong_locks(statement), key=partial(_place, statement)):
            if lock.table in dropped or (form.rewrites and lock.table not in statement.rewrites):
                continue
            name = lock.table.removeprefix("public.")
            yield Finding.at(
                step.revision,
                (statement.line or step.upgrade_line, 1),
                f"`upgrade()` of `{step.revision.id}` blocks {blocks(lock.mode)} on `{name}`"
                f" during `{form.name}` (`{lock.mode}`)",
                help=f"{form.help}\n{_duration(step, lock.table)}",
                table=lock.table,
            )
            break


def _place(statement: Statement, lock: Lock) -> int:
    """Return where a statement names a table, or its end if it does not."""
    bare = lock.table.rpartition(".")[2].strip('"')
    found = re.search(rf"(?<!\w){re.escape(bare)}(?!\w)", statement.sql)
    return found.start() if found else len(statement.sql)


def _builds_and_checks(step: Step) -> Iterator[Finding]:
    """Report each table once, at its first statement, with the others as related places."""
    found: dict[str, list[tuple[Statement, str]]] = {}
    for statement, modes in held(step.statements):
        if _CHANGES.match(statement.sql):
            continue
        for table in statement.scans:
            mode = modes.get(table, "")
            if blocks(mode) and table not in statement.rewrites:
                found.setdefault(table, []).append((statement, mode))
    for table, works in found.items():
        name = table.removeprefix("public.")
        (first, mode), *others = works
        yield Finding.at(
            step.revision,
            (first.line or step.upgrade_line, 1),
            f"`upgrade()` of `{step.revision.id}` blocks {blocks(mode)} on `{name}` during"
            f" {_work(first)} (`{mode}`)",
            help=f"{instead(name, first)}\n{_duration(step, table)}",
            related=tuple(
                Related(
                    step.revision.path,
                    each.line or step.upgrade_line,
                    f"blocked here as well, during {_work(each)}",
                )
                for each, _ in others
            ),
            table=table,
        )


def _duration(step: Step, table: str) -> str:
    return (
        f"held for {held_ms(step.statements, table):.0f} ms here, on an empty table; the lock lasts"
        " until the transaction ends"
    )


def _work(statement: Statement) -> str:
    return "an index build" if _INDEX.match(statement.sql) else "a full scan"


def _changes(step: Step) -> Iterator[Finding]:
    """Report the first change of rows that prolongs a lock taken by an earlier statement."""
    taken: tuple[Statement, str, str] | None = None
    for statement in step.statements:
        if taken and taken[0].transaction != statement.transaction:
            taken = None
        if taken and statement.line and _CHANGES.match(statement.sql):
            earlier, table, mode = taken
            name = table.removeprefix("public.")
            place = Related(
                step.revision.path, earlier.line or step.upgrade_line, f"`{mode}` is taken here"
            )
            yield Finding.at(
                step.revision,
                (statement.line or step.upgrade_line, 1),
                f"`upgrade()` of `{step.revision.id}` blocks {blocks(mode)} on `{name}` while it"
                f" changes rows (`{mode}`)",
                help="change the rows in a separate revision, before or after the one that locks"
                f" `{name}`, in batches if there are many\n{_duration(step, table)}",
                related=(place,),
                table=table if _changes_rows_of(table, statement) else "",
            )
            return
        for lock in strong_locks(statement):
            taken = taken or (statement, lock.table, lock.mode)


def _changes_rows_of(table: str, statement: Statement) -> bool:
    found = _CHANGED.search(statement.sql)
    return bool(found and split_name(found[1])[1] == split_name(table)[1])
