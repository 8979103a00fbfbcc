"""Follows where the transactions of a step begin and end, as far as its statements show."""

from __future__ import annotations

import re
from typing import Any

_GAP = r"(?:\s|--[^\n]*\n|/\*.*?\*/)*"
_CONTROL = re.compile(
    rf"{_GAP}(?:BEGIN|START\s+TRANSACTION|COMMIT|END|ROLLBACK|ABORT|PREPARE\s+TRANSACTION"
    r"|SAVEPOINT|RELEASE)\b",
    re.IGNORECASE | re.DOTALL,
)
_COMMITS = re.compile(rf"{_GAP}(?:COMMIT|END)\b|[;\s]COMMIT\s*(?:;|$)", re.IGNORECASE | re.DOTALL)
_DEFINES = re.compile(rf"{_GAP}CREATE\b.*\b(?:FUNCTION|PROCEDURE)\b", re.IGNORECASE | re.DOTALL)
_VIRTUAL = """
SELECT virtualtransaction FROM pg_locks
WHERE pid = pg_backend_pid() AND locktype = 'virtualxid' AND granted
"""


class Interrupted(Exception):  # noqa: N818 - not an error
    """Ends a step on purpose where it has committed, as a crash would.

    After a BaseException, SQLAlchemy gives up the connection. A revision that catches this one gets
    it again at its next statement.
    """


class Transactions:
    """The transactions of one step."""

    def __init__(self, stop: int | None = None) -> None:
        """Begin before the first statement.

        Args:
            stop: The number of the statement before which the step is interrupted; None for none.
        """
        self.number = 0
        """Of the current transaction, from 0."""
        self.commits: list[tuple[int, str]] = []
        """Where the step may be interrupted with something committed: the number of the next
        statement, and the text of the one before."""
        self.is_alone = False
        """Whether the current statement commits by itself."""
        self.is_fresh = False
        """Whether the current statement is the first of a transaction, but not of the step."""
        self._stop = stop
        self._statements = 0
        self._latest = ""
        self._committed = False
        self._by_hand = False

    @property
    def latest(self) -> str:
        """The text of the statement that ran last."""
        return self._latest

    def before(self, connection: Any, statement: str) -> None:
        """Note that a statement begins, on a driver's connection.

        Raises:
            Interrupted: It is the one to stop at.
        """
        self.is_fresh = self._committed
        self._note_commit()
        if self._statements == self._stop:
            raise Interrupted
        self._statements += 1
        self._latest = statement
        self.is_alone = self._is_alone(connection, statement)

    def after(self, statement: str) -> None:
        """Note that a statement succeeded."""
        by_hand = bool(_COMMITS.search(statement)) and not _DEFINES.match(statement)
        self._by_hand = self._by_hand or by_hand
        self._committed = self._committed or self.is_alone or by_hand

    def ended(self, *_connection: Any) -> None:
        """Note that SQLAlchemy has committed."""
        self._committed = self._statements > 0

    def places(self) -> list[int]:
        """Return the statements before which something is committed, one for each statement text.

        A loop over batches commits many times, and can be interrupted in only one way.
        """
        return list({text: number for number, text in reversed(self.commits)}.values())[::-1]

    def _note_commit(self) -> None:
        if self._committed:
            self.number += 1
            self.commits.append((self._statements, self._latest))
        self._committed = False

    def _is_alone(self, connection: Any, statement: str) -> bool:
        """Tell whether PostgreSQL runs a statement in a transaction of its own.

        After a COMMIT by hand, some drivers begin no other transaction.
        """
        autocommits = getattr(connection, "autocommit", False) is True
        if not (autocommits or self._by_hand) or _CONTROL.match(statement):
            return False
        return rows(connection, _VIRTUAL) != rows(connection, _VIRTUAL)


def rows(connection: Any, query: str) -> list[Any]:
    """Run a query on a driver's connection."""
    cursor = connection.cursor()
    try:
        cursor.execute(query)
        return list(cursor.fetchall()) if cursor.description else []
    finally:
        cursor.close()
