"""Interrupts revisions that commit on their way, and runs them again: they must arrive.

Only such revisions cost anything. They run in a database of their own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from revgate.postgres.connect import connect
from revgate.postgres.snapshot import compare
from revgate.roundtrip.answers import Failed
from revgate.roundtrip.observed import AGAIN, Unresumed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.roundtrip.agent_database import AgentDatabase
    from revgate.roundtrip.observed import Statement, Step
    from revgate.roundtrip.session import Session

_MAX_PLACES = 6
"""Interruptions of one revision."""
_MAX_DATABASES = 20
_CONCURRENT = re.compile(
    r"\bINDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?(\"(?:[^\"]|\"\")+\"|[\w$]+)\s+ON\b",
    re.IGNORECASE,
)
_BUILDS = re.compile(r"\s*CREATE\b", re.IGNORECASE)
# What a build that is interrupted leaves: it commits before it reads the table.
_INVALIDATE = """
UPDATE pg_index SET indisvalid = false, indisready = false
WHERE indexrelid = (SELECT max(oid) FROM pg_class WHERE relkind = 'i' AND relname = %s)
"""


def check_resumption(session: Session, reached: int) -> list[str]:
    """Interrupt each pending revision that commits on its way, after each commit in turn.

    Args:
        session: The session, once the steps have run.
        reached: How many revisions succeeded.

    Returns:
        Notes on what was not checked.
    """
    failed = {each.step.revision.id for each in session.failures if each.during == AGAIN}
    failed |= {each.step.revision.id for each in session.after_again}
    pending = {each.revision.id for each in session.result().pending_steps()} - failed
    steps = session.steps[:reached]
    places = [
        at
        for at, each in enumerate(steps)
        if each.commits and each.revision.id in pending and not _prepares(each)
    ]
    return _Resumption(session).run(places) if places else []


def _prepares(step: Step) -> bool:
    """Whether it prepares a transaction: the next attempt would wait for that one indefinitely."""
    return any("PREPARE TRANSACTION" in each.sql.upper() for each in step.statements)


class _Resumption:
    """The interruptions of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._database: AgentDatabase | None = None
        self._at = 0
        """How many revisions the database has."""
        self._opened = 0

    def run(self, places: Sequence[int]) -> list[str]:
        """Interrupt the revisions at some places; return a note if not all could be."""
        try:
            for index in places:
                if not self._check(index):
                    name = self._session.revisions[index].id
                    return [f"nothing from `{name}` on was interrupted and run again"]
        finally:
            self._close()
        return []

    def _check(self, index: int) -> bool:
        """Interrupt a revision at each place until one is found; tell whether it was possible."""
        for place in self._session.steps[index].commits[:_MAX_PLACES]:
            database = self._open_at(index)
            if database is None:
                return False
            found = self._interrupted(database, index, place)
            if found:
                self._session.unresumed.append(found)
                self._close()
                break
        return True

    def _interrupted(self, database: AgentDatabase, index: int, place: int) -> Unresumed | None:
        """Interrupt a revision, and run it again; return what is wrong then."""
        session = self._session
        step, revision = session.steps[index], session.revisions[index].id
        answer = database.agent.interrupt(revision, place)
        if isinstance(answer, Failed):
            self._close()
            return None
        self._leave_invalid(database, answer.latest)
        found = Unresumed(step, answer.latest, _line(step.statements, answer.latest))
        again = database.step("upgrade", revision)
        if isinstance(again, Failed):
            message = " ".join(again.message.split())
            return found._replace(message=message or again.error, failed_at=again.line)
        self._at = index + 1
        expected = session.snapshots[index + 1]
        changes = compare(expected, database.take_snapshot(expected))
        return found._replace(changes=changes) if changes else None

    def _leave_invalid(self, database: AgentDatabase, statement: str) -> None:
        """Turn an index that was built concurrently into what an interrupted build leaves."""
        import psycopg2

        built = _CONCURRENT.search(statement) if _BUILDS.match(statement) else None
        if built is None:
            return
        name = built[1]
        name = name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
        connection = connect(database.started.address)
        try:
            with connection.cursor() as cursor:
                cursor.execute(_INVALIDATE, (name,))
        except psycopg2.Error:  # only a superuser may; the index is valid then
            return
        finally:
            connection.close()

    def _open_at(self, index: int) -> AgentDatabase | None:
        """Return a database that has the revisions below a place; None if one of them fails."""
        if self._database and self._at > index and not self._step_down(index):
            self._close()
        if self._database is None:
            if self._opened == _MAX_DATABASES:
                return None
            self._opened += 1
            self._database, self._at = self._session.open_database(), 0
        for revision in self._session.revisions[self._at : index]:
            if isinstance(self._database.step("upgrade", revision.id), Failed):
                self._close()
                return None
        self._at = index
        return self._database

    def _step_down(self, index: int) -> bool:
        """Downgrade the latest revision; tell whether the schema is what it was before."""
        database, before = self._database, self._session.snapshots[index]
        if database is None or self._at != index + 1:
            return False
        if isinstance(database.step("downgrade", self._session.revisions[index].id), Failed):
            return False
        self._at = index
        return not compare(before, database.take_snapshot(before))

    def _close(self) -> None:
        if self._database:
            self._database.close()
            self._session.roles.forget()
        self._database, self._at = None, 0


def _line(statements: Sequence[Statement], text: str) -> int:
    """Return the line of a statement; 0 if it is not known."""
    return next((each.line for each in statements if text.startswith(each.sql)), 0)
