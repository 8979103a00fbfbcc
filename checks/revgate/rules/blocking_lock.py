"""An upgrade keeps others from a table while it does work that grows with the table.

Told are locks on tables that stood before the revision, and of these only the ones under which
PostgreSQL reads or changes rows: an index is built, a constraint is validated, rows are updated
while a table is locked. A lock of a moment, such as that for a new column, is not told here; for
the wait before it see `missing-lock-timeout`. That a table is written anew is `table-rewrite`.

## Why it hurts
On an empty table it takes no time. In production every request that writes to the table waits
until the last row is read, and those that wait keep others waiting.

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

from revgate.rules import LIVE, WARNING, Finding, Related, rule
from revgate.rules._locks import avoid, blocks, held, held_ms, strong_locks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import RoundTrip, Statement, Step

_INDEX = re.compile(
    r'CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?:IF NOT EXISTS\s+)?("[^"]+"|\w+)', re.IGNORECASE
)
_CONSTRAINT = re.compile(r'ADD\s+CONSTRAINT\s+("[^"]+"|\w+)\s+(\w+)', re.IGNORECASE)
_NOT_NULL = re.compile(r'ALTER(?:\s+COLUMN)?\s+("[^"]+"|\w+)\s+SET\s+NOT\s+NULL', re.IGNORECASE)
_CHANGES = re.compile(r"\s*(?:WITH\b.*?\b)?(UPDATE|DELETE)\b", re.IGNORECASE)


@rule(severity=WARNING, group=LIVE)
def blocking_lock(observed: RoundTrip) -> Iterator[Finding]:
    """Report work on rows under a lock that keeps others from writing."""
    for step in observed.pending_steps():
        yield from _builds_and_checks(step)
        yield from _changes(step)


def _builds_and_checks(step: Step) -> Iterator[Finding]:
    """Report each table once, at the first statement, with the others as related places."""
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
            f"`upgrade()` of `{step.revision.id}` keeps {blocks(mode)} from `{name}` while"
            f" {_doing(first)}: `{mode}`",
            help=f"{_help(name, first)}\n{_lasted(step, table)}",
            related=tuple(
                Related(
                    step.revision.path,
                    each.line or step.upgrade_line,
                    f"and while {_doing(each)} here",
                )
                for each, _ in others
            ),
        )


def _lasted(step: Step, table: str) -> str:
    return (
        f"here it lasted {held_ms(step.statements, table):.0f} ms, on an empty table; from the lock"
        " to the end of the transaction, others wait"
    )


def _doing(statement: Statement) -> str:
    return "an index is built" if _INDEX.match(statement.sql) else "all rows are read"


def _changes(step: Step) -> Iterator[Finding]:
    """Report the first change of rows that makes others wait for a lock taken before it."""
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
                f"`upgrade()` of `{step.revision.id}` keeps {blocks(mode)} from `{name}` while rows"
                f" are changed: `{mode}`",
                help="change rows in a revision of its own, before or after the one that locks"
                f" `{name}`, and in steps where they are many\n{_lasted(step, table)}",
                related=(place,),
            )
            return
        for lock in strong_locks(statement):
            taken = taken or (statement, lock.table, lock.mode)


def _help(table: str, statement: Statement) -> str:
    if found := _INDEX.match(statement.sql):
        return (
            f"build `{found[1]}` while others write:"
            " `with op.get_context().autocommit_block():` and `postgresql_concurrently=True`"
        )
    if found := _NOT_NULL.search(statement.sql):
        column = found[1]
        return (
            f"first `ALTER TABLE {table} ADD CONSTRAINT {_word(column)}_not_null CHECK ({column} IS"
            f" NOT NULL) NOT VALID`, in a later revision `ALTER TABLE {table} VALIDATE CONSTRAINT"
            f" {_word(column)}_not_null`; SET NOT NULL then reads no row"
        )
    found = _CONSTRAINT.search(statement.sql)
    if found and found[2].upper() in ("UNIQUE", "PRIMARY"):
        return (
            f"build a unique index on `{table}` with `postgresql_concurrently=True` first, then"
            f" `ALTER TABLE {table} ADD CONSTRAINT {found[1]} {found[2].upper()}"
            f"{' KEY' * (found[2].upper() == 'PRIMARY')} USING INDEX ...`"
        )
    if found:
        return (
            f"add `{found[1]}` with `postgresql_not_valid=True`, and in a later revision"
            f" `ALTER TABLE {table} VALIDATE CONSTRAINT {found[1]}`, which lets others write"
        )
    return avoid(table, statement)


def _word(name: str) -> str:
    return name.strip('"')
