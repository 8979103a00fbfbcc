"""The pass on populated tables: fills tables before each upgrade, and checks the rows after it.

It follows the passes on empty tables, and covers only revisions that succeeded there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from revgate.postgres.connect import connect
from revgate.roundtrip.answers import Failed
from revgate.roundtrip.observed import ROWS, LostRows, Rows, Statement
from revgate.roundtrip.rows.catalogue import Catalogue, TableRows
from revgate.roundtrip.rows.fill import Filler

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from revgate.history.revision import Revision
    from revgate.roundtrip.session import Session

_MAX_REBUILDS = 20
_MAX_REASONS = 5
_MAX_NAMES = 5
_STATEMENT_TIMEOUT = "30s"
_TRUNCATED_AT = 300
"""Characters of a statement that the agent reports."""
_WRITES = re.compile(
    r"\s*(?:WITH\b.*?\b)?(DELETE|TRUNCATE|DROP|INSERT|UPDATE|MERGE)\b", re.IGNORECASE | re.DOTALL
)
_READS = re.compile(r"\b(SELECT|COPY|RETURNING)\b", re.IGNORECASE)
_LOSES = ("DELETE", "TRUNCATE", "DROP", "MERGE")


class PopulatedPass:
    """The pass on populated tables of one session."""

    def __init__(self, session: Session) -> None:
        """Start an agent, if there will be anything to run."""
        self._session = session
        self._unfilled: dict[str, list[str]] = {}
        self._ours: set[int] = set()
        self._rebuilds = 0
        self._notes: list[str] = []
        pending = {step.revision.id for step in session.result().pending_steps()}
        self._pending = frozenset(pending)
        places = [at for at, each in enumerate(session.revisions) if each.id in pending]
        if places == [0] and session.base is None:
            # No table exists before the first revision.
            session.steps[0] = session.steps[0]._replace(rows=Rows(0, 0))
            places = []
        self._places = places
        self._agent = session.start_agent() if places else None

    def run(self, passed: int) -> list[str]:
        """Upgrade to the last pending revision, with rows from before the first of them.

        Args:
            passed: How many revisions succeeded on empty tables.

        Returns:
            Notes on what was not checked.
        """
        places = [at for at in self._places if at < passed]
        if not places:
            return []
        self._open()
        try:
            self._run_to(places[-1])
        finally:
            self._close()
        return [*self._notes, *_unfilled_notes(self._unfilled)]

    def _open(self) -> None:
        import psycopg2

        self._database = self._session.open_database(agent=self._agent)
        self._agent = None
        address, table, schema, *_ = self._database.started
        self._connection = connect(address)
        cursor = self._connection.cursor()
        cursor.execute(f"SET statement_timeout = '{_STATEMENT_TIMEOUT}'")
        self._catalogue = Catalogue(cursor, psycopg2.Error, table, schema)
        self._filler = Filler(cursor, psycopg2.Error, self._catalogue)
        self._ours = set()
        self._counts: list[TableRows] | None = None
        self._widths: dict[int, int] = {}

    def _close(self) -> None:
        self._connection.close()
        self._database.close()
        self._session.roles.forget()

    def _run_to(self, last: int) -> None:
        for index, revision in enumerate(self._session.revisions[: last + 1]):
            if revision.id in self._pending:
                failed = self._step_with_rows(index)
            else:
                self._counts = None
                answer = self._database.step("upgrade", revision.id)
                failed = answer if isinstance(answer, Failed) else None
            if failed and not self._rebuild(index, revision, failed):
                return

    def _step_with_rows(self, index: int) -> Failed | None:
        """Run a step on populated tables; return its failure."""
        before = self._fill()
        answer = self._database.step("upgrade", self._session.revisions[index].id)
        rows = _rows(before, self._reasons)
        steps = self._session.steps
        failed = answer if isinstance(answer, Failed) else None
        if not failed:
            self._counts = after = self._catalogue.count_rows()
            lost = _lost(before, after, self._ours, steps[index].statements)
            rows = rows._replace(lost=tuple(lost))
        steps[index] = steps[index]._replace(rows=rows)
        return failed

    def _fill(self) -> list[TableRows]:
        """Fill empty tables and new columns; return the row counts after that."""
        before = self._counts or self._catalogue.count_rows()
        filled = {each.root for each in before if each.rows}
        empty = [each for each in before if each.root == each.oid and each.oid not in filled]
        self._fill_new_columns(before)
        self._reasons = self._filler.fill(empty) if empty else {}
        if not empty:
            return before
        after = self._catalogue.count_rows()
        # A trigger may have inserted rows into other tables.
        self._ours |= {each.oid for each in after if each.rows and each.root not in filled}
        has_rows = {each.root for each in after if each.rows}
        for each in empty:
            if each.oid not in has_rows:
                self._record_unfilled(each)
        return after

    def _record_unfilled(self, table: TableRows) -> None:
        reason = self._reasons.setdefault(table.oid, "a trigger or a rule discards inserted rows")
        tables = self._unfilled.setdefault(reason, [])
        if table.name not in tables:
            tables.append(table.name)

    def _fill_new_columns(self, counts: Sequence[TableRows]) -> None:
        """Give columns that were added since a value in some of our rows."""
        ours = {each.root for each in counts if each.rows and each.oid in self._ours}
        wider = [
            each for each in counts
            if each.oid in ours and self._widths.get(each.oid, each.width) != each.width
        ]  # fmt: skip
        self._widths = {each.oid: each.width for each in counts}
        if wider:
            self._filler.widen(wider)

    def _rebuild(self, index: int, revision: Revision, failed: Failed) -> bool:
        """Continue after a failed revision, and record the failure if rows are its cause."""
        self._rebuilds += 1
        self._close()
        self._open()
        for earlier in self._session.revisions[: index + 1]:
            if isinstance(self._database.step("upgrade", earlier.id), Failed):
                self._notes.append(
                    f"rows: `{earlier.id}` succeeded once and fails on empty tables of a second"
                    " database, so nothing from there on was checked with rows"
                )
                return False
        if revision.id in self._pending:
            self._session.record_failure(self._session.steps[index], ROWS, failed)
        if self._rebuilds < _MAX_REBUILDS:
            return True
        self._notes.append(
            f"rows: nothing after `{revision.id}` was checked, because too many revisions failed"
        )
        return False


def _rows(before: Sequence[TableRows], reasons: Mapping[int, str]) -> Rows:
    roots = {each.oid: each.name for each in before if each.root == each.oid}
    filled = {each.root for each in before if each.rows}
    unfilled = tuple(
        (name, reasons.get(oid, "")) for oid, name in roots.items() if oid not in filled
    )
    return Rows(len(roots) - len(unfilled), len(roots), unfilled)


def _lost(
    before: Sequence[TableRows],
    after: Sequence[TableRows],
    ours: set[int],
    statements: Sequence[Statement],
) -> Iterator[LostRows]:
    """Yield tables that lost test rows, unless another table received them."""
    now = {each.oid: each for each in after}
    earlier = {each.oid: each.rows for each in before}
    gained = {each.oid: each.rows - earlier.get(each.oid, 0) for each in after}
    for each in before:
        rows = now[each.oid].rows if each.oid in now else 0
        if each.oid not in ours or rows >= each.rows:
            continue
        receiver = _receiver(each, each.rows - rows, gained, statements)
        if receiver is None:
            line = _removing_line(each.name, statements)
            yield LostRows(each.name, each.rows, rows, each.oid not in now, line)
        else:
            gained[receiver] -= each.rows - rows


def _receiver(
    table: TableRows, count: int, gained: Mapping[int, int], statements: Sequence[Statement]
) -> int | None:
    """Return a table that gained as many rows, if a statement read the table that lost them."""
    name = _name_pattern(table.name)
    # A truncated statement may have named the table.
    if not any(
        _READS.search(each.sql) and (name.search(each.sql) or len(each.sql) >= _TRUNCATED_AT)
        for each in statements
    ):
        return None
    return next((oid for oid, rows in gained.items() if rows >= count), None)


def _name_pattern(name: str) -> re.Pattern[str]:
    bare = name.rpartition(".")[2].strip('"')
    return re.compile(rf"(?<!\w){re.escape(bare)}(?!\w)", re.IGNORECASE)


def _removing_line(table: str, statements: Sequence[Statement]) -> int:
    """Return the line of the statement that removed rows; 0 if none is known to."""
    name = _name_pattern(table)
    found = [
        each
        for each in statements
        if (verb := _WRITES.match(each.sql)) and verb[1].upper() in _LOSES
    ]
    named = [each for each in found if name.search(each.sql)]
    return next((each.line for each in named or found if each.line), 0)


def _unfilled_notes(unfilled: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield which tables could not be filled, one note for each reason."""
    reasons = list(unfilled.items())
    for reason, tables in reasons[:_MAX_REASONS]:
        names = ", ".join(f"`{each.removeprefix('public.')}`" for each in tables[:_MAX_NAMES])
        more = f" and {len(tables) - _MAX_NAMES} more" if len(tables) > _MAX_NAMES else ""
        yield f"no rows could be inserted into {names}{more}: {reason}"
    rest = [table for _, tables in reasons[_MAX_REASONS:] for table in tables]
    if rest:
        yield f"nor into {len(rest)} more tables, for other reasons: `{rest[0]}`, ..."
