"""Records what each statement of a step does to existing tables: locks, rewrites, scans.

It queries the driver's own cursor, so that it never sees itself, and only after a statement that
succeeded: a failed one has aborted the transaction. A statement that commits by itself gets a
transaction around it, which holds its locks until they are read.
"""

# ruff: noqa: S608 - SQL of our own words only

from __future__ import annotations

import re
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from .failures import describe
from .settings import Settings
from .transactions import Transactions, rows

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_LENGTH = 300
"""Characters of a statement that are reported."""
MAX_TEXT = 50_000
"""Characters of a statement of which the whole text is wanted."""
MAX_SHOWN = 4_000
"""Characters of a statement that a report shows as it was sent."""
MAX_SHOWN_OF_STEP = 60_000
"""Likewise, of all statements of one step."""
MAX_STATEMENTS = 500
"""Statements of one step that are reported; those with locks or rewrites always are."""

# Existing relations that are new or altered since a transaction or have been scanned in this one,
# and how often; the version table is Alembic's. The first row is the oldest transaction that runs.
_EXISTING = """
SELECT 0::int8, pg_snapshot_xmin(pg_current_snapshot())::text, 0::int8, 0::int8
UNION ALL
SELECT c.oid::int8, quote_ident(n.nspname) || '.' || quote_ident(c.relname),
       pg_relation_filenode(c.oid)::int8, pg_stat_get_xact_numscans(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema' AND c.relname <> '{version_table}'
  AND ({since} OR pg_stat_get_xact_numscans(c.oid) > 0)
"""
_SINCE = "least(age(c.xmin), age(n.xmin)) <= age('{}'::xid)"
_TIMEOUTS = "current_setting('lock_timeout'), current_setting('statement_timeout')"
_HELD = f"""
SELECT l.relation, l.mode, pg_relation_filenode(l.relation),
       pg_stat_get_xact_numscans(l.relation),
       EXISTS (SELECT FROM pg_class c WHERE c.oid = l.relation), {_TIMEOUTS}
FROM pg_locks l
WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.granted AND l.relation >= 16384
ORDER BY l.relation, l.mode
"""
_COUNTERS = f"""
SELECT c.oid::int8, pg_relation_filenode(c.oid)::int8, pg_stat_get_xact_numscans(c.oid), {_TIMEOUTS}
FROM pg_class c WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'm')
"""
_INDEXES = """
SELECT i.indexrelid::int8, i.indrelid::int8, pg_relation_filenode(i.indexrelid)::int8
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i' AND c.oid >= 16384
"""
WEAK = ("AccessShareLock", "RowShareLock", "RowExclusiveLock")
"""Modes that block neither reads nor writes; under them only scans are reported."""
# These take no blocking lock; skipping them keeps steps fast that insert thousands of rows.
_HARMLESS = re.compile(
    r"\s*(?:(INSERT|VALUES)|SET|SHOW|SAVEPOINT|RELEASE|COMMENT|NOTIFY)\b", re.IGNORECASE
)
_ENDS = re.compile(r"\s*(?:BEGIN|START\s+TRANSACTION|COMMIT|END|ROLLBACK|ABORT)\b", re.IGNORECASE)
_REFUSED_INSIDE = ("25001", "2D000")
"""What a statement gets that cannot run in a transaction, or that ends one."""
_REWRITES_UNDER = "AccessExclusiveLock"
"""The lock of everything that gives a table another file."""
_REBUILT_UNDER = "ShareLock"
"""The lock of everything that gives an index another file; `CONCURRENTLY` builds another index."""
_CONCURRENTLY = re.compile(r"\bCONCURRENTLY\b", re.IGNORECASE)
_CREATES = re.compile(r"\b(CREATE|ALTER)\b", re.IGNORECASE)


class Watch:
    """Observes the statements of one step at a time, on any connection."""

    def __init__(self, *, texts: bool = False) -> None:
        """Observe nothing yet.

        Args:
            texts: Whether to report whole statements.
        """
        self._texts = texts
        self._path: str | None = None
        self._since = ""
        self._names: dict[int, str] = {}
        self._files: dict[int, Any] = {}
        self._scans: dict[int, int] = {}
        self._held: set[tuple[int, str]] = set()
        self._seen: list[dict[str, Any]] = []
        self._started = self._begun = 0.0
        self._room = 0
        """Characters that may still be reported of what this step sends."""
        self._facts: dict[str, Any] = {}
        """What the current statement did, if it has been looked at already."""
        self._is_unread = False
        """Whether a statement ran since the counters were read."""
        self.transactions: Transactions | None = None
        self.settings = Settings()

    def listen(self) -> None:
        """Receive every statement that goes through SQLAlchemy from now on."""
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        event.listen(Engine, "before_cursor_execute", self._before)
        event.listen(Engine, "do_execute", self._execute)
        event.listen(Engine, "do_execute_no_params", self._execute_no_parameters)
        event.listen(Engine, "after_cursor_execute", self._after)
        event.listen(Engine, "commit", self._committed)

    def begin(self, connection: Any, path: str, version_table: str) -> None:
        """Begin a step: record what exists. The driver's transaction is left open.

        Args:
            connection: The driver's, as SQLAlchemy wraps it.
            path: The revision's file.
            version_table: Its name, without a schema.
        """
        query = _EXISTING.replace("{version_table}", version_table.replace("'", "''"))
        since = _SINCE.format(self._since) if self._since else "true"
        (_, oldest, _, _), *found = rows(connection, query.replace("{since}", since))
        self._since = str(int(oldest) % (1 << 32))
        # What was dropped may stay here: no statement can lock it again.
        self._names.update((row[0], row[1]) for row in found)
        self._files.update((row[0], row[2]) for row in found)
        self._scans = {row[0]: row[3] for row in found}
        self._held, self._seen, self._path = set(), [], path
        # At the end of this transaction the server may set the counts to 0.
        self._is_unread = any(self._scans.values())
        self._started, self._room = time.perf_counter(), MAX_SHOWN_OF_STEP
        self.transactions, self.settings = Transactions(), Settings()

    def end(self) -> list[dict[str, Any]]:
        """End the step, and return its statements."""
        if self._path is None:
            return []
        ended = time.perf_counter()
        self._path = None
        self._conclude_holding(ended)
        return [
            seen
            for number, seen in enumerate(self._seen)
            # A statement without a line is Alembic's own, on its version table.
            if (number < MAX_STATEMENTS and seen["line"]) or seen["locks"] or seen["rewrites"]
        ]

    def _conclude_holding(self, ended: float) -> None:
        """Note how long each lock was held: until the last statement of its transaction ended."""
        latest = self._seen[-1]["transaction"] if self._seen else 0
        ends = {each["transaction"]: each.pop("ended") for each in self._seen}
        ends[latest] = ended
        for seen in self._seen:
            begun = seen.pop("begun")
            seen["started_ms"] = round((begun - self._started) * 1000, 3)
            until = begun + seen["ms"] / 1000 if seen["alone"] else ends[seen["transaction"]]
            for lock in seen["locks"]:
                lock["held_ms"] = round((until - begun) * 1000, 3)

    def interrupt(self, statement: int) -> Transactions:
        """Interrupt the step that begins before one of its statements."""
        self.transactions = Transactions(statement)
        return self.transactions

    def forget(self) -> None:
        """Stop following transactions."""
        self.transactions = None

    def _committed(self, connection: Any) -> None:
        if self.transactions:
            self.transactions.ended(connection)

    def _before(self, connection: Any, _cursor: Any, statement: str, *_facts: Any) -> None:
        self._facts = {}
        if self.transactions is None:
            return
        raw = connection.connection
        self.transactions.before(raw, statement)
        if self._path is None:
            return
        self.settings.before(raw, statement, self._line())
        if self.transactions.is_fresh:
            self._held, self._is_unread = set(), True
        found = _HARMLESS.match(statement)
        if self._names and not found and self._is_unread and not _ENDS.match(statement):
            self._read_counters(raw)
        # A failed statement is not looked at, nor is an INSERT, whose foreign keys may scan.
        self._is_unread = self._is_unread or not found or bool(found[1])
        self._begun = time.perf_counter()

    def _execute(self, cursor: Any, statement: str, parameters: Any, context: Any) -> bool | None:
        run = partial(context.dialect.do_execute, cursor, statement, parameters, context)
        return self._run_alone(statement, context, run)

    def _execute_no_parameters(self, cursor: Any, statement: str, context: Any) -> bool | None:
        run = partial(context.dialect.do_execute_no_params, cursor, statement, context)
        return self._run_alone(statement, context, run)

    def _run_alone(self, statement: str, context: Any, run: Callable[[], Any]) -> bool | None:
        """Run a statement that commits by itself; return None for any other, which SQLAlchemy runs.

        A statement that cannot run in a transaction is refused before it does anything.
        """
        alone = self._path is not None and self.transactions and self.transactions.is_alone
        if not alone or not self._names or _HARMLESS.match(statement):
            return None
        connection = context.root_connection.connection
        rows(connection, "BEGIN")
        try:
            self._read_counters(connection)
            self._begun = time.perf_counter()
            run()
            self._facts = self._inspected(connection, statement)
        except BaseException as error:
            rows(connection, "ROLLBACK")
            if describe(error)["sqlstate"] not in _REFUSED_INSIDE:
                raise
            self._run_outside(connection, statement, run)
            return True
        rows(connection, "COMMIT")
        return True

    def _run_outside(self, connection: Any, statement: str, run: Callable[[], Any]) -> None:
        """Run a statement that cannot be in a transaction; tell what it did by its results.

        When it has ended, it holds no lock any more, and another session may look too late. But
        what blocks writes for long leaves another file behind, of the table or of an index. A
        procedure that commits cannot build an index concurrently.
        """
        self._read_counters(connection)
        indexes = {row[0]: row[2] for row in rows(connection, _INDEXES)}
        self._begun = time.perf_counter()
        run()
        before, self._facts = dict(self._files), _nothing()
        self._facts["ms"] = (time.perf_counter() - self._begun) * 1000
        found = self._read_counters(connection)
        spared = _CONCURRENTLY.search(statement) is not None
        rebuilt = {
            table
            for key, table, file in rows(connection, _INDEXES)
            if (file != indexes[key] if key in indexes else not spared)
        }
        for oid, _, _, *timeouts in found:
            name = self._names.get(oid)
            if name and self._files[oid] != before.get(oid) and self._files[oid] is not None:
                self._facts["rewrites"].append(name)
                self._facts["locks"].append(_lock(name, _REWRITES_UNDER, *timeouts))
            elif name and oid in rebuilt:
                self._facts["scans"].append(name)
                self._facts["locks"].append(_lock(name, _REBUILT_UNDER, *timeouts))

    def _after(
        self,
        connection: Any,
        cursor: Any,
        statement: str,
        _parameters: Any,
        context: Any,
        _many: bool,  # noqa: FBT001 - as SQLAlchemy calls it
    ) -> None:
        if self.transactions is None:
            return
        self.transactions.after(statement)
        if self._path is None:
            return
        facts = self._facts
        if not facts:
            took = (time.perf_counter() - self._begun) * 1000
            looked_at = self._names and not _HARMLESS.match(statement)
            facts = self._inspected(connection.connection, statement) if looked_at else _nothing()
            facts["ms"] = took
        seen: dict[str, Any] = {
            "line": self._line(),
            "sql": _on_one_line(statement),
            "shown": self._shown(statement, context),
            "text": statement[:MAX_TEXT] if self._texts and _CREATES.search(statement) else "",
            "transaction": self.transactions.number,
            "changed": int(getattr(cursor, "rowcount", 0) or 0),
            "alone": self.transactions.is_alone,
            "begun": self._begun,
            "ended": time.perf_counter(),
            **facts,
        }
        seen["ms"] = round(seen["ms"], 3)
        self._seen.append(seen)

    def _shown(self, statement: str, context: Any) -> str:
        """Return a statement as the server gets it, truncated; empty if `sql` says the same."""
        text = statement.strip("\n").rstrip()
        if context.dialect.paramstyle in ("format", "pyformat"):
            text = text.replace("%%", "%")  # as the driver does
        if not self._room or text.strip() == _on_one_line(statement):
            return ""
        most = min(self._room, MAX_SHOWN)
        self._room -= min(len(text), most)
        return text if len(text) <= most else f"{text[:most]} …"

    def _read_counters(self, connection: Any) -> list[Any]:
        """Read files and scan counts of the tables, so that what happened before is not counted."""
        found = rows(connection, _COUNTERS)
        self._files.update((row[0], row[1]) for row in found if row[0] in self._names)
        self._scans = {row[0]: row[2] for row in found}
        self._is_unread = False
        return found

    def _inspected(self, connection: Any, statement: str) -> dict[str, Any]:
        """Return what the statement that has just run did to the tables that it holds locks on."""
        facts = _nothing()
        facts["ms"] = (time.perf_counter() - self._begun) * 1000
        truncates = statement.lstrip()[:8].upper() == "TRUNCATE"
        for oid, mode, file, scans, exists, *timeouts in rows(connection, _HELD):
            name = self._names.get(oid)
            if name is None:
                continue
            if mode not in WEAK and (oid, mode) not in self._held:
                self._held.add((oid, mode))
                facts["locks"].append(_lock(name, mode, *timeouts))
            if not exists and name not in facts["drops"]:
                facts["drops"].append(name)
            if file != self._files[oid]:
                self._files[oid] = file
                if file is not None and not truncates:
                    facts["rewrites"].append(name)
            if scans > self._scans.get(oid, 0) and not truncates:
                facts["scans"].append(name)
            self._scans[oid] = scans
        self._is_unread = False
        return facts

    def _line(self) -> int:
        """Return the line of the revision file that issued the statement; 0 for none."""
        frame: Any = sys._getframe(2)
        while frame is not None:
            if frame.f_code.co_filename == self._path:
                line: int = frame.f_lineno
                return line
            frame = frame.f_back
        return 0


def _on_one_line(statement: str) -> str:
    return " ".join(statement.split())[:MAX_LENGTH]


def _nothing() -> dict[str, Any]:
    return {"ms": 0.0, "locks": [], "rewrites": [], "scans": [], "drops": []}


def _lock(table: str, mode: str, lock_timeout: str, statement_timeout: str) -> dict[str, Any]:
    return {
        "table": table,
        "mode": mode,
        "bounded": lock_timeout != "0",
        "limited": statement_timeout != "0",
    }
