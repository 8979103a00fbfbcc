"""Records what each statement of a step does to existing tables: locks, rewrites, scans.

It queries the driver's own cursor, so that it never sees itself, and only after a statement that
succeeded: a failed one has aborted the transaction.
"""

from __future__ import annotations

import re
import sys
import time
from typing import Any

MAX_LENGTH = 300
"""Characters of a statement that are reported."""
MAX_TEXT = 50_000
"""Characters of a statement of which the whole text is wanted."""
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
_HELD = """
SELECT l.relation, l.mode, pg_relation_filenode(l.relation),
       pg_stat_get_xact_numscans(l.relation), current_setting('lock_timeout')
FROM pg_locks l
WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.granted AND l.relation >= 16384
"""
WEAK = ("AccessShareLock", "RowShareLock", "RowExclusiveLock")
"""Modes that block neither reads nor writes; under them only scans are reported."""
# These take no blocking lock; skipping them keeps steps fast that insert thousands of rows.
_HARMLESS = re.compile(
    r"\s*(INSERT|VALUES|SET|SHOW|SAVEPOINT|RELEASE|COMMENT|NOTIFY)\b", re.IGNORECASE
)
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
        self._begun = 0.0

    def listen(self) -> None:
        """Receive every statement that goes through SQLAlchemy from now on."""
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        event.listen(Engine, "before_cursor_execute", self._before)
        event.listen(Engine, "after_cursor_execute", self._after)

    def begin(self, connection: Any, path: str, version_table: str) -> None:
        """Begin a step: record what exists. The driver's transaction is left open.

        Args:
            connection: The driver's, as SQLAlchemy wraps it.
            path: The revision's file.
            version_table: Its name, without a schema.
        """
        query = _EXISTING.replace("{version_table}", version_table.replace("'", "''"))
        since = _SINCE.format(self._since) if self._since else "true"
        (_, oldest, _, _), *rows = _rows(connection, query.replace("{since}", since))
        self._since = str(int(oldest) % (1 << 32))
        # What was dropped may stay here: no statement can lock it again.
        self._names.update((row[0], row[1]) for row in rows)
        self._files.update((row[0], row[2]) for row in rows)
        self._scans = {row[0]: row[3] for row in rows}
        self._held, self._seen, self._path = set(), [], path

    def end(self) -> list[dict[str, Any]]:
        """End the step, and return its statements."""
        if self._path is None:
            return []
        ended = time.perf_counter()
        self._path = None
        for seen in self._seen:
            begun = seen.pop("begun")
            for lock in seen["locks"]:
                lock["held_ms"] = round((ended - begun) * 1000, 3)
        return [
            seen
            for number, seen in enumerate(self._seen)
            # A statement without a line is Alembic's own, on its version table.
            if (number < MAX_STATEMENTS and seen["line"]) or seen["locks"] or seen["rewrites"]
        ]

    def _before(self, _connection: Any, *_facts: Any) -> None:
        self._begun = time.perf_counter()

    def _after(self, connection: Any, _cursor: Any, statement: str, *_facts: Any) -> None:
        if self._path is None:
            return
        took = (time.perf_counter() - self._begun) * 1000
        seen: dict[str, Any] = {
            "line": self._line(),
            "ms": round(took, 3),
            "sql": " ".join(statement.split())[:MAX_LENGTH],
            "locks": [], "rewrites": [], "scans": [],
            "text": "", "begun": self._begun,
        }  # fmt: skip
        if self._texts and _CREATES.search(statement):
            seen["text"] = statement[:MAX_TEXT]
        if self._names and not _HARMLESS.match(statement):
            self._inspect(connection.connection, seen)
        self._seen.append(seen)

    def _inspect(self, connection: Any, seen: dict[str, Any]) -> None:
        truncates = seen["sql"][:8].upper() == "TRUNCATE"
        rewritten: dict[str, None] = {}
        scanned: dict[str, None] = {}
        for oid, mode, file, scans, timeout in _rows(connection, _HELD):
            name = self._names.get(oid)
            if name is None:
                continue
            if mode not in WEAK and (oid, mode) not in self._held:
                self._held.add((oid, mode))
                seen["locks"].append({"table": name, "mode": mode, "bounded": timeout != "0"})
            if file != self._files[oid]:
                self._files[oid] = file
                if file is not None and not truncates:
                    rewritten[name] = None
            if scans > self._scans.get(oid, 0) and not truncates:
                scanned[name] = None
            self._scans[oid] = scans
        seen["rewrites"], seen["scans"] = list(rewritten), list(scanned)

    def _line(self) -> int:
        """Return the line of the revision file that issued the statement; 0 for none."""
        frame: Any = sys._getframe(2)
        while frame is not None:
            if frame.f_code.co_filename == self._path:
                line: int = frame.f_lineno
                return line
            frame = frame.f_back
        return 0


def _rows(connection: Any, query: str) -> list[Any]:
    cursor = connection.cursor()
    try:
        cursor.execute(query)
        return list(cursor.fetchall())
    finally:
        cursor.close()
