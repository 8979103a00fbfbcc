"""Downgrades on populated tables: which are tried, and what is concluded from it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from revgate.roundtrip.answers import Failed
from revgate.roundtrip.observed import AGAIN, ROWS, ROWS_DOWNGRADE, LostRows
from revgate.roundtrip.rows.catalogue import TableRows
from revgate.roundtrip.rows.losses import Losses

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from revgate.roundtrip.agent_database import AgentDatabase
    from revgate.roundtrip.answers import Attempted
    from revgate.roundtrip.observed import Step
    from revgate.roundtrip.rows.catalogue import Catalogue
    from revgate.roundtrip.session import Session

_RAISED_IN_SQL = "P0001"
_CHANGES_ROWS = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE|COPY|TRUNCATE|DO|INTO)\b", re.IGNORECASE)
_MAX_CONFIRMED = 5
_MAX_LOST_DATABASES = 20
"""Downgrades that could not be taken back, after which no other is tried."""
_PENDING_EVENTS = "55006"
"""The upgrade runs in the transaction of the downgrade, whose triggers are still to fire."""


class _Tried(NamedTuple):
    """What came of the downgrade of one revision."""

    place: int
    """Of the revision."""
    attempted: Attempted
    again: bool
    """Whether it was upgraded again, to find out whether that works."""
    lost: tuple[LostRows, ...] = ()


class Downgrades:
    """The downgrades of one session.

    They are tried while the passes on empty tables run, and judged once those have shown which
    downgrades work there.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._tried: list[_Tried] = []
        self._lost_databases = 0
        self._confirmed = 0

    def are_tried(self, index: int) -> bool:
        """Tell whether the downgrade at a place can meet rows."""
        exists = index > 0 or self._session.base is not None  # before the first, there is no table
        return exists and self._lost_databases < _MAX_LOST_DATABASES

    def run(
        self, step: Step, index: int, database: AgentDatabase, catalogue: Catalogue,
        at_stake: Mapping[int, int],
    ) -> bool:  # fmt: skip
        """Try a downgrade; return whether the database is at the revision again.

        Args:
            step: The first upgrade of the revision.
            index: The place of the revision.
            database: Which is at it.
            catalogue: Reads that database.
            at_stake: How many rows of a table should survive, by oid.
        """
        revision = step.revision.id
        query = catalogue.tables_query()
        changes_rows = any(_CHANGES_ROWS.search(each.sql) for each in step.statements)
        again = changes_rows and not catalogue.defers()
        attempted = database.agent.attempt(revision, query, again=again, watch=False)
        tried = _Tried(index, attempted, again)
        restored = attempted.restored
        if at_stake and attempted.touches_rows and attempted.intact and restored:
            # Once more, to learn what became of the rows, and which statement it was.
            watched = database.agent.attempt(revision, query, again=False, watch=True)
            tried = tried._replace(lost=tuple(_losses(watched, at_stake).lost))
            restored = watched.restored
        self._tried.append(tried)
        self._lost_databases += not restored
        return restored

    def conclude(self) -> None:
        """Record what is wrong with the downgrades that work on empty tables."""
        session = self._session
        again = [each.step.revision.id for each in session.failures if each.during == AGAIN]
        ran = any(each.name == AGAIN for each in session.passes)
        ids = [each.id for each in session.revisions]
        unequal = {each.step.revision.id for each in session.after_downgrade}
        first_failing = ids.index(again[0]) if again else len(ids) if ran else 0
        for tried in self._tried:
            index, step = tried.place, session.steps[tried.place]
            if step.downgrade_ms is None:
                continue
            if tried.lost and step.rows:
                rows = step.rows._replace(lost_by_downgrade=tried.lost)
                session.steps[index] = step._replace(rows=rows)
            works_again = index < first_failing and step.revision.id not in unequal
            self._record(step, tried, again=tried.again and works_again)

    def _record(self, step: Step, tried: _Tried, *, again: bool) -> None:
        attempted = tried.attempted
        if attempted.failed:
            if not _is_deliberate(attempted.failed):
                self._session.record_failure(step, ROWS_DOWNGRADE, attempted.failed)
        elif attempted.problem:
            why = f"the downgrade of `{step.revision.id}` could not be tried: {attempted.problem}"
            self._session.notes.append(f"rows: {why}")
        elif again and (failed := attempted.failed_again) and self._is_of_rows(tried.place, failed):
            self._session.record_failure(step, ROWS, failed)

    def _is_of_rows(self, index: int, failed: Failed) -> bool:
        """Tell whether an upgrade after a downgrade fails because of rows."""
        return failed.sqlstate != _PENDING_EVENTS and self._works_without_rows(index)

    def _works_without_rows(self, index: int) -> bool:
        """Tell whether a revision can be downgraded and upgraded again on empty tables.

        The passes on empty tables go down to the base first, where rows of revisions are gone.
        """
        self._confirmed += 1
        if self._confirmed > _MAX_CONFIRMED:
            return False
        database = self._session.open_database()
        try:
            revisions = self._session.revisions
            steps = [("upgrade", each.id) for each in revisions[: index + 1]]
            steps += [(name, revisions[index].id) for name in ("downgrade", "upgrade")]
            return not any(isinstance(database.step(*each), Failed) for each in steps)
        finally:
            database.close()


def _is_deliberate(failed: Failed) -> bool:
    """Tell whether the downgrade itself refuses to run on rows."""
    if failed.sqlstate:
        is_block = failed.statement.lstrip().upper().startswith("DO")
        return failed.sqlstate == _RAISED_IN_SQL and is_block
    return failed.deliberate or failed.error == "NotImplementedError"


def _losses(tried: Attempted, at_stake: Mapping[int, int]) -> Losses:
    before, after = _counted(tried.before), _counted(tried.after)
    return Losses(before if after else (), after, at_stake, tried.statements)


def _counted(rows: Sequence[tuple[int, int, str, str, int, int]]) -> list[TableRows]:
    return [TableRows(*each) for each in rows]
