"""An upgrade blocks an existing table during work that grows with the size of the table.

Reports locks on existing tables under which PostgreSQL reads or changes rows: building an index,
validating a constraint, or updating rows while a table is locked. Locks that are held only briefly,
as for a new column, are not reported here; for the time spent waiting for them, see
`missing-lock-timeout`. For rewrites of a table, see `table-rewrite`. With `table-sizes` in the
settings, blocking a large table is an error, and blocking a small one is not reported.

## Why it hurts
On an empty table this takes no time. In production, every request that writes to the table waits
until the last row has been read, and queued requests block further requests.

## Example
    def upgrade() -> None:
        op.create_index("ix_users_email", "users", ["email"])

## Instead
    def upgrade() -> None:
        with op.get_context().autocommit_block():
            op.create_index("ix_users_email", "users", ["email"], postgresql_concurrently=True)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from revgate.postgres.names import split_name
from revgate.rules import LIVE, WARNING, Finding, Related, rule
from revgate.rules._locks import blocks, held, held_ms, strong_locks
from revgate.rules._recipes import instead

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import RoundTrip, Statement, Step

_INDEX = re.compile(
    r'CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?:IF NOT EXISTS\s+)?("[^"]+"|\w+)', re.IGNORECASE
)
_CHANGED = re.compile(r'\b(?:UPDATE|DELETE\s+FROM)\s+(?:ONLY\s+)?([\w$."]+)', re.IGNORECASE)
_CHANGES = re.compile(r"\s*(?:WITH\b.*?\b)?(UPDATE|DELETE)\b", re.IGNORECASE)


@rule(severity=WARNING, group=LIVE)
def blocking_lock(observed: RoundTrip) -> Iterator[Finding]:
    """Report work on rows under a lock that blocks writes."""
    for step in observed.pending_steps():
        yield from _builds_and_checks(step)
        yield from _changes(step)


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
