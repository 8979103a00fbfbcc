"""Interrupts revisions that commit on their way, and runs them again: they must arrive.

Only such revisions cost anything. They are downgraded to, in the database that was stepped.
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
    from revgate.roundtrip.part import Part
    from revgate.roundtrip.session import Session

_MAX_PLACES = 6
"""Interruptions of one revision."""
_MAX_DATABASES = 20
_NEAR = 60
"""Downgrades that take as long as a database and an agent take to start."""
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


def check_resumption(session: Session, part: Part, *, is_complete: bool) -> None:
    """Interrupt each pending revision that commits on its way, after each commit in turn.

    Args:
        session: The session.
        part: The part of the history, once it has been stepped.
        is_complete: Whether its database has all revisions that succeeded.
    """
    failed = {each.step.revision.id for each in part.failures if each.during == AGAIN}
    failed |= {each.step.revision.id for each in part.after_again}
    pending = {each.revision.id for each in session.result().pending_steps()} - failed
    places = [
        at
        for at, each in enumerate(part.steps[: part.reached])
        if each.commits and each.revision.id in pending and not _prepares(each)
    ]
    if places:
        _Resumption(session, part, is_complete=is_complete).run(places)


def _prepares(step: Step) -> bool:
    """Whether it prepares a transaction: the next attempt would wait for that one indefinitely."""
    return any("PREPARE TRANSACTION" in each.sql.upper() for each in step.statements)


class _Resumption:
    """The interruptions of one session."""

    def __init__(self, session: Session, part: Part, *, is_complete: bool) -> None:
        self._session = session
        self._part = part
        self._database: AgentDatabase | None = part.database
        self._at = part.reached
        """How many revisions of the part the database has."""
        self._opened = 0
        if not is_complete:
            self._close()

    def run(self, places: Sequence[int]) -> None:
        """Interrupt the revisions at some places, from the last to the first."""
        try:
            for index in reversed(places):
                if not self._check(index):
                    name = self._part.revisions[index].id
                    self._part.notes.append(
                        f"neither `{name}` nor a revision before it was interrupted and run again"
                    )
                    return
        finally:
            if self._database is not self._part.database:
                self._close()

    def _check(self, index: int) -> bool:
        """Interrupt a revision at each place until one is found; tell whether it was possible."""
        for place in self._part.steps[index].commits[:_MAX_PLACES]:
            database = self._open_at(index)
            if database is None:
                return False
            found = self._interrupted(database, index, place)
            if found:
                self._part.unresumed.append(found)
                self._close()
                break
        return True

    def _interrupted(self, database: AgentDatabase, index: int, place: int) -> Unresumed | None:
        """Interrupt a revision, and run it again; return what is wrong then."""
        step, revision = self._part.steps[index], self._part.revisions[index].id
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
        expected = self._part.snapshots[index + 1]
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
        if self._database and not self._step_down(index):
            self._close()
        if self._database is None:
            if self._opened == _MAX_DATABASES:
                return None
            self._opened += 1
            self._database = self._part.open_database()
            if self._database.upgrade(self._part.revisions[:index]):
                self._close()
                return None
        self._at = index
        return self._database

    def _step_down(self, index: int) -> bool:
        """Downgrade to a place; tell whether the schema is what it was before the upgrade."""
        database, before = self._database, self._part.snapshots[index]
        if database is None or self._at > 2 * index + _NEAR:
            return False
        for revision in reversed(self._part.revisions[index : self._at]):
            if isinstance(database.step("downgrade", revision.id), Failed):
                return False
        return not compare(before, database.take_snapshot(before))

    def _close(self) -> None:
        if self._database:
            self._database.close()
            self._session.roles.forget()
        self._database = None


def _line(statements: Sequence[Statement], text: str) -> int:
    """Return the line of a statement; 0 if it is not known."""
    return next((each.line for each in statements if text.startswith(each.sql)), 0)
