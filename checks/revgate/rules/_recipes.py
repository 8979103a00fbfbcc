"""What to write instead of a statement that blocks a table while it reads or copies its rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from revgate.postgres.names import split_name
from revgate.rules._downgrade import execute_operation
from revgate.rules._locks import avoid

if TYPE_CHECKING:
    from collections.abc import Callable

    from revgate.roundtrip.observed import Statement

    Recipe = Callable[[re.Match[str], str], str]

_NAME = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_NAMES = rf"{_NAME}(?:\.{_NAME})*"
AUTOCOMMIT = "`with op.get_context().autocommit_block():`"


def instead(table: str, statement: Statement) -> str:
    """Return what to write in place of a statement.

    Args:
        table: The table that it blocks, quoted where SQL requires it.
        statement: The statement.
    """
    for pattern, recipe in _RECIPES:
        if found := _search(pattern, statement.sql):
            return recipe(found, table)
    return avoid(table, statement)


def not_null_steps(column: str, table: str) -> str:
    """Return how to set a column of a large table NOT NULL.

    Args:
        column: Quoted where SQL requires it.
        table: Likewise.
    """
    name = _named(column, "not_null")
    return (
        f"first `ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID`,"
        f" then in a later revision `ALTER TABLE {table} VALIDATE CONSTRAINT {name}`;"
        " `SET NOT NULL` then skips the scan"
    )


def not_null_column(sql: str) -> str | None:
    """Return the column that a statement sets NOT NULL."""
    found = _search(_NOT_NULL, sql)
    return found[1] if found else None


def drop_before_build(sql: str) -> str | None:
    """Return the line without which a concurrent build of an index cannot be run again.

    None if the statement does not build an index that has a name.
    """
    found = _search(_BUILT, sql)
    return execute_operation(_dropped(found[1], found[2])) if found else None


def _dropped(index: str, table: str) -> str:
    """Return the statement that drops an index of a table, if it is there."""
    schema = split_name(table)[0]
    return f"DROP INDEX CONCURRENTLY IF EXISTS {f'{schema}.' if schema else ''}{index}"


def _named(name: str, ending: str) -> str:
    """Return a name with an ending, quoted where the name was."""
    bare = name.strip('"')
    return f'"{bare}_{ending}"' if name.startswith('"') else f"{bare}_{ending}"


def _index(found: re.Match[str], _: str) -> str:
    drop = drop_before_build(found.string)
    if drop is None:
        return (
            f"give the index a name, and build it without blocking writes, within {AUTOCOMMIT}:"
            " `DROP INDEX CONCURRENTLY IF EXISTS` and its name, in case an earlier attempt was"
            " interrupted, and then the index with `postgresql_concurrently=True`"
        )
    return (
        f"build `{found[1]}` without blocking writes, within {AUTOCOMMIT}: first `{drop}`, in case"
        " an earlier attempt was interrupted, and then the index with"
        " `postgresql_concurrently=True`, in SQL `CONCURRENTLY`"
    )


def _not_null(found: re.Match[str], table: str) -> str:
    return not_null_steps(found[1], table)


def _validate(found: re.Match[str], table: str) -> str:
    return (
        f"validate `{found[1]}` in a revision of its own: an earlier statement of this one locks"
        f" `{table}` until the transaction ends; alone, it does not block writes. env.py has to"
        " commit each revision: `transaction_per_migration=True`"
    )


def _key(found: re.Match[str], table: str) -> str:
    name, kind, columns = found[1], " ".join(found[2].upper().split()), found[3] or "(...)"
    bare = table.rpartition(".")[2]
    word = "pkey" if kind == "PRIMARY KEY" else "key"
    name = name or _named(bare, word)
    return (
        f"build a unique index on `{table}` first, within {AUTOCOMMIT}: `{_dropped(name, table)}`,"
        " in case an earlier attempt was interrupted, and then"
        f" `CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} {columns}`; after the block"
        f" `ALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {name}`"
    )


def _exclude(found: re.Match[str], table: str) -> str:
    return (
        f"PostgreSQL builds an exclusion constraint only under this lock, and accepts neither"
        f" `NOT VALID` nor an index for it: add `{found[1] or 'it'}` while `{table}` is small or"
        " not in use, and suppress this with that as the reason"
    )


def _check(found: re.Match[str], table: str) -> str:
    name = found[1]
    if not name:
        return (
            "give the constraint a name, add it with `NOT VALID`, then in a later revision run"
            f" `ALTER TABLE {table} VALIDATE CONSTRAINT` and its name, which does not block writes"
        )
    return (
        f"add `{name}` with `postgresql_not_valid=True`, in SQL `NOT VALID`, then in a later"
        f" revision run `ALTER TABLE {table} VALIDATE CONSTRAINT {name}`, which does not block"
        " writes"
    )


def _reindex(found: re.Match[str], _: str) -> str:
    return f"run `REINDEX {found[1].upper()} CONCURRENTLY {found[2]}` within {AUTOCOMMIT}"


def _refresh(found: re.Match[str], _: str) -> str:
    return (
        f"run `REFRESH MATERIALIZED VIEW CONCURRENTLY {found[1]}`, which blocks no reads; the view"
        " needs a unique index on columns, without WHERE"
    )


def _attach(found: re.Match[str], table: str) -> str:
    name = _named(table.rpartition(".")[2], "bounds")
    return (
        f"first `ALTER TABLE {table} ADD CONSTRAINT {name} CHECK (...) NOT VALID`, with what"
        f" `{' '.join(found[1].split())}` means for its columns, NOT NULL included, then in a later"
        f" revision `ALTER TABLE {table} VALIDATE CONSTRAINT {name}`; `ATTACH PARTITION` then skips"
        " the scan"
    )


def _type(found: re.Match[str], table: str) -> str:
    return (
        f"add a second column next to `{found[1]}` of `{table}`, write to both, backfill it in"
        " batches outside this transaction, and switch over in a later revision"
    )


def _generated(found: re.Match[str], table: str) -> str:
    return (
        f"PostgreSQL computes a stored column for every row at once: add `{found[1]}` to `{table}`"
        " as a plain column that a trigger fills, and backfill it in batches; or compute it where"
        " it is read"
    )


def _added(found: re.Match[str], table: str) -> str:
    return (
        f"add `{found[1]}` to `{table}` without the volatile default, set the default in a"
        f" separate statement, and backfill `{found[1]}` in batches outside this transaction"
    )


def _search(pattern: str, sql: str) -> re.Match[str] | None:
    # Not compiled at the top: every check imports this module, and few of them have a use for it.
    return re.search(pattern, sql, re.IGNORECASE | re.DOTALL)


_BUILT = (
    rf"\bINDEX\s+(?:CONCURRENTLY\s+)?(?:IF\s+NOT\s+EXISTS\s+)?(?!ON\s)({_NAME})\s+ON\s+"
    rf"(?:ONLY\s+)?({_NAMES})"
)
_NOT_NULL = rf"ALTER(?:\s+COLUMN)?\s+({_NAME})\s+SET\s+NOT\s+NULL"
_RECIPES: tuple[tuple[str, Recipe], ...] = (
    (rf"^\s*CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?:IF NOT EXISTS\s+)?({_NAME})", _index),
    (rf"^\s*REINDEX\s+(?:\([^)]*\)\s*)?(TABLE|INDEX|SCHEMA)\s+({_NAMES})", _reindex),
    (rf"^\s*REFRESH\s+MATERIALIZED\s+VIEW\s+({_NAMES})", _refresh),
    (rf"VALIDATE\s+CONSTRAINT\s+({_NAME})", _validate),
    (rf"ATTACH\s+PARTITION\s+{_NAMES}\s+(.*)", _attach),
    (_NOT_NULL, _not_null),
    (
        rf"ADD\s+(?:CONSTRAINT\s+({_NAME})\s+)?(UNIQUE|PRIMARY\s+KEY)\s*(\([^)]*\))?",
        _key,
    ),
    (rf"ADD\s+(?:CONSTRAINT\s+({_NAME})\s+)?EXCLUDE\b", _exclude),
    (rf"ADD\s+(?:CONSTRAINT\s+({_NAME})\s+)?(?:CHECK|FOREIGN\s+KEY)\b", _check),
    (rf"ALTER(?:\s+COLUMN)?\s+({_NAME})\s+(?:SET\s+DATA\s+)?TYPE\s", _type),
    (
        (
            rf"ADD(?:\s+COLUMN)?(?:\s+IF\s+NOT\s+EXISTS)?\s+({_NAME})\s.*"
            r"GENERATED\s+ALWAYS\s+AS\s*\("
        ),
        _generated,
    ),
    (rf"ADD(?:\s+COLUMN)?(?:\s+IF\s+NOT\s+EXISTS)?\s+({_NAME})\s", _added),
)
"""In the order in which they are tried."""
