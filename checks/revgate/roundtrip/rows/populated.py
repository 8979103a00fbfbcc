"""The pass on populated tables: fills tables, upgrades and downgrades them, and counts the rows.

It follows the first upgrade of empty tables, and covers only revisions that succeeded there. What
it finds is recorded once the other passes have ended.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from revgate.postgres.connect import connect
from revgate.roundtrip.answers import Failed, Mapped
from revgate.roundtrip.observed import ROWS, Rows
from revgate.roundtrip.rows.catalogue import Catalogue, TableRows
from revgate.roundtrip.rows.downgrades import Downgrades
from revgate.roundtrip.rows.fill import Filler
from revgate.roundtrip.rows.losses import Losses
from revgate.roundtrip.rows.relaxed import Schema, may_alter_types
from revgate.roundtrip.rows.running.operations import naming
from revgate.roundtrip.rows.running.release import deploy_order, naming_of, what_works
from revgate.roundtrip.rows.running.running_code import RunningCode
from revgate.roundtrip.rows.unbounded import may_be_unbounded, unbounded
from revgate.roundtrip.rows.unfilled import doubts
from revgate.roundtrip.target_tree import running_models

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from revgate.history.revision import Revision
    from revgate.roundtrip.observed import Break, Doubt, Step
    from revgate.roundtrip.part import Part
    from revgate.roundtrip.rows.running.operations import Naming
    from revgate.roundtrip.rows.running.relations import Relation
    from revgate.roundtrip.rows.running.release import Works
    from revgate.roundtrip.session import Session

_MAX_REBUILDS = 20
_MAX_REASONS = 5
_MAX_NAMES = 5
_STATEMENT_TIMEOUT = "30s"
_STRONG = "AccessExclusiveLock"
_WEAK = ("AccessShareLock", "RowShareLock", "RowExclusiveLock")


class PopulatedPass:
    """The pass on populated tables of one session."""

    def __init__(self, session: Session) -> None:
        """Start an agent, if there will be anything to run.

        Args:
            session: The round trip.
        """
        self._session = session
        self._downgrades = Downgrades(session)
        self._rows: dict[int, Rows] = {}
        """Of the revisions, by their places."""
        self._breaks: dict[int, tuple[Break, ...]] = {}
        self._failures: list[tuple[int, Failed]] = []
        self._unfilled: dict[str, list[str]] = {}
        self._ours: set[int] = set()
        self._rebuilds = 0
        self._notes: list[str] = []
        self._release: Mapped | None = None
        """What the models of the target branch map."""
        self._works: Works | None = None
        """What the new models can do before the first pending revision."""
        self._works_later: Works | None = None
        """Likewise at the head."""
        pending = {step.revision.id for step in session.result().pending_steps()}
        self._pending = frozenset(pending)
        places = [at for at, each in enumerate(session.revisions) if each.id in pending]
        if places == [0] and session.starts_empty:
            # No table exists before the first revision.
            session.steps[0] = session.steps[0]._replace(rows=Rows(0, 0))
            places = []
        self._places = places
        self._agent = session.start_agent() if places else None

    def run(self, parts: Iterable[Part]) -> None:
        """Upgrade to the last pending revision, with rows from before the first of them.

        Args:
            parts: The history in parts, each once its revisions have been upgraded.
        """
        if not self._places:
            return
        self._read_release()
        self._open()
        try:
            self._run_all(parts)
            self._works_later = self._what_works() if self._works else None
        finally:
            self._close()

    def conclude(self) -> None:
        """Record what was found, once the passes on empty tables have been recorded."""
        steps = self._session.steps
        for index, rows in self._rows.items():
            breaks = self._breaks.get(index, ())
            steps[index] = steps[index]._replace(rows=rows, breaks=breaks)
        for index, failed in self._failures:
            self._session.record_failure(steps[index], ROWS, failed)
        self._downgrades.conclude()
        self._record_deploy_order()
        self._session.notes += [*self._notes, *_unfilled_notes(self._unfilled)]

    def _open(self) -> None:
        import psycopg2

        self._database = self._session.open_database(self._agent)
        self._agent = None
        address, table, schema, *_ = self._database.started
        self._connection = connect(address)
        cursor = self._connection.cursor()
        cursor.execute(f"SET statement_timeout = '{_STATEMENT_TIMEOUT}'")
        self._catalogue = Catalogue(cursor, psycopg2.Error, table, schema)
        self._filler = Filler(cursor, psycopg2.Error, self._catalogue)
        self._cursor, self._errors = cursor, psycopg2.Error
        self._running = RunningCode(cursor, psycopg2.Error, self._filler, self._naming())
        self._ours = set()
        self._counts: list[TableRows] | None = None
        self._widths: dict[int, int] = {}
        self._is_lost = False

    def _close(self) -> None:
        self._connection.close()
        self._database.close()
        self._session.roles.forget()

    def _run_all(self, parts: Iterable[Part]) -> None:
        for part in parts:
            for at in range(part.reached):
                if part.start + at > self._places[-1] or not self._run_one(part, at):
                    return

    def _run_one(self, part: Part, at: int) -> bool:
        """Run one revision of a part; return whether the next one can follow."""
        revision, index = part.revisions[at], part.start + at
        if revision.id in self._pending:
            failed = self._step_with_rows(part, at)
        else:
            self._counts = None
            answer = self._database.step("upgrade", revision.id)
            failed = answer if isinstance(answer, Failed) else None
        return not (failed or self._is_lost) or self._rebuild(index, revision, failed)

    def _step_with_rows(self, part: Part, at: int) -> Failed | None:
        """Run a step on populated tables; return its failure."""
        before = self._fill()
        if self._release and self._works is None:
            self._works = self._what_works()
        step, index = part.steps[at], part.start + at
        rows, reasons = _rows(before, self._reasons), self._reasons
        altered = self._altered(step, before)
        earlier, later = part.snapshots[at : at + 2]
        self._running.prepare(earlier, later, before)
        counted = may_be_unbounded(step.statements)
        answer = self._database.step("upgrade", step.revision.id, watch=counted)
        if isinstance(answer, Failed):
            self._rows[index] = rows
            return answer
        known = self._release is not None
        self._breaks[index] = tuple(
            each._replace(mapped=known and typical)
            for each, typical in self._running.conclude(step.statements)
        )
        self._counts = after = self._catalogue.count_rows()
        at_stake = {each.oid: each.rows for each in before if each.oid in self._ours}
        losses = Losses(before, after, at_stake, step.statements)
        changes = tuple(unbounded(answer.statements, before))
        rows = rows._replace(lost=tuple(losses.lost), unbounded=changes)
        if altered.tables:
            rows = rows._replace(doubts=self._compare(altered, reasons, step))
        self._rows[index] = rows
        if self._downgrades.are_tried(index):
            self._try_downgrade(step, index, at_stake, losses)
        return None

    def _read_release(self) -> None:
        """Read the models of the code that runs while the pending revisions are applied."""
        session = self._session
        if session.options.release:
            given = session.options.release, session.options
            self._release, note = running_models(session.server, session.base, *given)
            self._notes += [note] if note else []

    def _naming(self) -> Callable[[Relation], Naming | None]:
        return partial(naming_of, self._release) if self._release else naming

    def _what_works(self) -> Works | None:
        """Find out what the new models can do with the database as it is."""
        answer = self._database.agent.mapped()
        try:
            return what_works(self._cursor, answer) if isinstance(answer, Mapped) else None
        except self._errors:
            return None

    def _record_deploy_order(self) -> None:
        """Record whether the new code or the migration can come first."""
        session, later = self._session, self._works_later
        complete = session.plan.to_head and not session.options.shard
        if not complete or session.failures or not self._works or not later:
            return
        migrates = not any(each.mapped for step in session.steps for each in step.breaks)
        session.deploy_order = deploy_order(
            migrate_first=migrates, code_first=not self._works.needs(later)
        )

    def _altered(self, step: Step, counts: Sequence[TableRows]) -> Schema:
        """Return the tables that a step will alter, as they are."""
        locked = {lock.table for _, lock in step.locks if lock.mode not in _WEAK}
        types = may_alter_types(each.sql for each in step.statements)
        tables = [
            each for each in counts if each.root == each.oid and (types or each.name in locked)
        ]
        return self._filler.schema(tables) if tables else Schema((), {})

    def _compare(
        self, altered: Schema, reasons: Mapping[int, str], step: Step
    ) -> tuple[Doubt, ...]:
        """Fill rows with what the altered tables allow by now; judge those without rows."""
        oids = {table.oid for table in altered.tables}
        counts = [each for each in self._counts or () if each.oid in oids]
        filled = {each.root for each in self._counts or () if each.rows}
        ours = {each.root for each in self._counts or () if each.oid in self._ours}
        self._filler.relax(altered, [each for each in counts if each.oid in ours & filled])
        unfilled = [each for each in counts if each.oid in reasons]
        after = self._filler.schema(unfilled).tables if unfilled else ()
        return tuple(doubts(altered.tables, after, reasons, step.statements))

    def _try_downgrade(
        self, step: Step, index: int, at_stake: Mapping[int, int], losses: Losses
    ) -> None:
        """Downgrade filled tables, and take it back."""
        counts = self._fill()
        stake = {
            each.oid: min(each.rows, at_stake.get(each.oid, each.rows))
            for each in counts
            if each.oid in at_stake or each.oid in losses.receivers
        }
        self._counts = counts
        self._is_lost = not self._downgrades.run(
            step, index, self._database, self._catalogue, stake
        )

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

    def _rebuild(self, index: int, revision: Revision, failed: Failed | None) -> bool:
        """Continue in a fresh database, and record a failed upgrade if rows are its cause."""
        self._close()
        self._open()
        if again := self._database.upgrade(self._session.revisions[: index + 1]):
            self._notes.append(
                f"rows: `{again}` succeeded once and fails on empty tables of a second database, so"
                " nothing from there on was checked with rows"
            )
            return False
        if not failed:
            return True
        if revision.id in self._pending:
            self._failures.append((index, failed))
        self._rebuilds += 1
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
