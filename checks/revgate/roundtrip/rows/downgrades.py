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
    from revgate.roundtrip.rows.catalogue import Catalogue
    from revgate.roundtrip.session import Session

_RAISED_IN_SQL = "P0001"
_CHANGES_ROWS = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE|COPY|TRUNCATE|DO|INTO)\b", re.IGNORECASE)
_MAX_CONFIRMED = 5
_PENDING_EVENTS = "55006"
"""The upgrade runs in the transaction of the downgrade, whose triggers are still to fire."""


class Tried(NamedTuple):
    """What came of the downgrade of one revision."""

    lost: tuple[LostRows, ...] = ()
    restored: bool = True
    """Whether the database is at the revision again."""


class Downgrades:
    """The downgrades of one session."""

    def __init__(self, session: Session) -> None:
        """Learn from the passes on empty tables which downgrades work there."""
        self._session = session
        again = [each.step.revision.id for each in session.failures if each.during == AGAIN]
        ran = any(each.name == AGAIN for each in session.passes)
        ids = [each.id for each in session.revisions]
        self._again = ids.index(again[0]) if again else len(ids) if ran else 0
        """How many revisions could be upgraded a second time."""
        self._unequal = {each.step.revision.id for each in session.after_downgrade}
        """The revisions whose downgrade does not restore the schema."""
        self._confirmed = 0

    def are_tried(self, index: int) -> bool:
        """Tell whether the downgrade at a place works on empty tables, and can meet rows."""
        session = self._session
        exists = index > 0 or session.base is not None  # before the first, there is no table
        return exists and session.steps[index].downgrade_ms is not None

    def run(
        self, index: int, database: AgentDatabase, catalogue: Catalogue, at_stake: Mapping[int, int]
    ) -> Tried:
        """Try a downgrade, and record its failure.

        Args:
            index: The place of the revision.
            database: Which is at it.
            catalogue: Reads that database.
            at_stake: How many rows of a table should survive, by oid.
        """
        revision = self._session.revisions[index].id
        query = catalogue.tables_query()
        again = self._is_upgraded_again(index) and not catalogue.defers()
        tried = database.agent.attempt(revision, query, again=again, watch=False)
        self._record(index, tried, again=again)
        if at_stake and tried.touches_rows and tried.intact and tried.restored:
            # Once more, to learn what became of the rows, and which statement it was.
            tried = database.agent.attempt(revision, query, again=False, watch=True)
            return Tried(tuple(_losses(tried, at_stake).lost), tried.restored)
        return Tried((), tried.restored)

    def _is_upgraded_again(self, index: int) -> bool:
        """Tell whether rows are all that a second upgrade could fail on."""
        step = self._session.steps[index]
        changes_rows = any(_CHANGES_ROWS.search(each.sql) for each in step.statements)
        return changes_rows and index < self._again and step.revision.id not in self._unequal

    def _record(self, index: int, tried: Attempted, *, again: bool) -> None:
        step = self._session.steps[index]
        if tried.failed:
            if not _is_deliberate(tried.failed):
                self._session.record_failure(step, ROWS_DOWNGRADE, tried.failed)
        elif tried.problem:
            why = f"the downgrade of `{step.revision.id}` could not be tried: {tried.problem}"
            self._session.notes.append(f"rows: {why}")
        elif again and tried.failed_again and self._is_of_rows(index, tried.failed_again):
            self._session.record_failure(step, ROWS, tried.failed_again)

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
