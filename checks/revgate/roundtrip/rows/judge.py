"""The pass with rows: every table has some before a step, and what the step makes of them is seen.

Knows what is asked of each step; neither how rows are made nor SQL. It runs after the history ran
on empty tables, and judges only revisions that passed there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.postgres.connect import connect
from revgate.roundtrip.observed import LostRows, Rows, Statement, Step
from revgate.roundtrip.rows.catalogue import Catalogue, Standing
from revgate.roundtrip.rows.fill import Filler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from revgate.history.revision import Revision
    from revgate.roundtrip.agent_client import Agent, Bench

_REBUILDS = 20
_TOLD = 5
_NAMES = 5
_LIMIT = "30s"
_CUT = 300
"""Characters of a statement that the agent tells."""
_WRITES = re.compile(
    r"\s*(?:WITH\b.*?\b)?(DELETE|TRUNCATE|DROP|INSERT|UPDATE|MERGE)\b", re.IGNORECASE | re.DOTALL
)
_READS = re.compile(r"\b(SELECT|COPY|RETURNING)\b", re.IGNORECASE)
_LOSES = ("DELETE", "TRUNCATE", "DROP", "MERGE")


class Host(NamedTuple):
    """What the round trip gives to this pass."""

    agent: Callable[[], Agent]
    """Starts an agent."""
    open: Callable[[Agent], Bench]
    """Makes a bench on a fresh database, at the ground that stepping begins with."""
    chain: Sequence[Revision]
    """What is stepped."""
    steps: list[Step]
    """One for each revision; what was seen is put in."""
    judged: frozenset[str]
    """Ids of revisions that production has still to run."""
    from_nothing: bool
    """Whether there is no table before the first of them."""
    fail: Callable[[int, dict[str, Any]], None]
    """Keeps the failure of the revision at a place."""
    forget_roles: Callable[[], None]
    """Drops the roles that a database left on the server."""


class Judge:
    """One pass; its state is the database that it works on."""

    def __init__(self, host: Host) -> None:
        """Get ready: an agent starts, if there will be anything to judge."""
        self._host = host
        self._unfilled: dict[str, list[str]] = {}
        self._ours: set[int] = set()
        self._rebuilds = 0
        self._notes: list[str] = []
        places = [at for at, each in enumerate(host.chain) if each.id in host.judged]
        if places == [0] and host.from_nothing:
            host.steps[0] = host.steps[0]._replace(rows=Rows(0, 0))
            places = []
        self._places = places
        self._agent = host.agent() if places else None

    def run(self, passed: int) -> list[str]:
        """Run the history, with rows from before the first revision that is judged.

        Args:
            passed: How many revisions work on empty tables.

        Returns:
            What was not looked at, and why.
        """
        places = [at for at in self._places if at < passed]
        if not places:
            return []
        self._open()
        try:
            self._run_to(places[-1])
        finally:
            self._close()
        return [*self._notes, *_grouped(self._unfilled)]

    def _open(self) -> None:
        import psycopg2

        self._bench = self._host.open(self._agent or self._host.agent())
        self._agent = None
        address, table, schema, *_ = self._bench.started
        self._connection = connect(address)
        cursor = self._connection.cursor()
        cursor.execute(f"SET statement_timeout = '{_LIMIT}'")
        self._catalogue = Catalogue(cursor, psycopg2.Error, table, schema)
        self._filler = Filler(cursor, psycopg2.Error, self._catalogue)
        self._ours = set()
        self._standing: list[Standing] | None = None
        self._widths: dict[int, int] = {}

    def _close(self) -> None:
        self._connection.close()
        self._bench.close()
        self._host.forget_roles()

    def _run_to(self, last: int) -> None:
        for index, revision in enumerate(self._host.chain[: last + 1]):
            if revision.id not in self._host.judged:
                self._standing = None
                answer = self._bench.agent.step("upgrade", revision.id)
                passed = answer["event"] != "failed"
            else:
                passed = self._judged(index)
            if not passed and not self._rebuilt(index, revision):
                return

    def _judged(self, index: int) -> bool:
        """Judge one step; return whether it passed."""
        before = self._fill()
        answer = self._bench.agent.step("upgrade", self._host.chain[index].id)
        rows = _rows(before, self._reasons)
        if answer["event"] == "failed":
            self._answer = answer
        else:
            statements = self._host.steps[index].statements
            self._standing = after = self._catalogue.standing()
            rows = rows._replace(lost=tuple(_lost(before, after, self._ours, statements)))
        self._host.steps[index] = self._host.steps[index]._replace(rows=rows)
        return bool(answer["event"] != "failed")

    def _fill(self) -> list[Standing]:
        """Fill what is empty, and columns that are new; return what stands then."""
        standing = self._standing or self._catalogue.standing()
        filled = {each.root for each in standing if each.rows}
        empty = [each for each in standing if each.root == each.oid and each.oid not in filled]
        self._widen(standing)
        self._reasons = self._filler.fill(empty) if empty else {}
        if not empty:
            return standing
        after = self._catalogue.standing()
        # A trigger may have put rows into others.
        self._ours |= {each.oid for each in after if each.rows and each.root not in filled}
        has_rows = {each.root for each in after if each.rows}
        for each in empty:
            if each.oid not in has_rows:
                self._keep_reason(each)
        return after

    def _keep_reason(self, table: Standing) -> None:
        why = self._reasons.setdefault(table.oid, "a trigger or a rule keeps rows away")
        tables = self._unfilled.setdefault(why, [])
        if table.name not in tables:
            tables.append(table.name)

    def _widen(self, standing: Sequence[Standing]) -> None:
        """Let no column that was added be null in all rows of ours."""
        ours = {each.root for each in standing if each.rows and each.oid in self._ours}
        wider = [
            each for each in standing
            if each.oid in ours and self._widths.get(each.oid, each.width) != each.width
        ]  # fmt: skip
        self._widths = {each.oid: each.width for each in standing}
        if wider:
            self._filler.widen(wider)

    def _rebuilt(self, index: int, revision: Revision) -> bool:
        """Go on behind a revision that failed, and keep the failure if rows are its cause."""
        self._rebuilds += 1
        judged = revision.id in self._host.judged
        self._close()
        self._open()
        for earlier in self._host.chain[: index + 1]:
            if self._bench.agent.step("upgrade", earlier.id)["event"] == "failed":
                self._notes.append(
                    f"rows: `{earlier.id}` passed once and fails on empty tables in another"
                    " database, so nothing from there on was judged with rows"
                )
                return False
        if judged:
            self._host.fail(index, self._answer)
        if self._rebuilds < _REBUILDS:
            return True
        self._notes.append(f"rows: nothing behind `{revision.id}` was judged, after so many failed")
        return False


def _rows(before: Sequence[Standing], reasons: Mapping[int, str]) -> Rows:
    roots = {each.oid: each.name for each in before if each.root == each.oid}
    filled = {each.root for each in before if each.rows}
    unfilled = tuple(
        (name, reasons.get(oid, "")) for oid, name in roots.items() if oid not in filled
    )
    return Rows(len(roots) - len(unfilled), len(roots), unfilled)


def _lost(
    before: Sequence[Standing],
    after: Sequence[Standing],
    ours: set[int],
    statements: Sequence[Statement],
) -> Iterator[LostRows]:
    """Yield tables that had rows of ours and have fewer, unless another table took them in."""
    now = {each.oid: each for each in after}
    earlier = {each.oid: each.rows for each in before}
    gained = {each.oid: each.rows - earlier.get(each.oid, 0) for each in after}
    for each in before:
        rows = now[each.oid].rows if each.oid in now else 0
        if each.oid not in ours or rows >= each.rows:
            continue
        taker = _taker(each, each.rows - rows, gained, statements)
        if taker is None:
            line = _line(each.name, statements)
            yield LostRows(each.name, each.rows, rows, each.oid not in now, line)
        else:
            gained[taker] -= each.rows - rows


def _taker(
    table: Standing, count: int, gained: Mapping[int, int], statements: Sequence[Statement]
) -> int | None:
    """Return a table that got as many rows, if something read them from where they were."""
    name = _pattern(table.name)
    # What was cut off may well have named the table.
    if not any(
        _READS.search(each.sql) and (name.search(each.sql) or len(each.sql) >= _CUT)
        for each in statements
    ):
        return None
    return next((oid for oid, rows in gained.items() if rows >= count), None)


def _pattern(name: str) -> re.Pattern[str]:
    bare = name.rpartition(".")[2].strip('"')
    return re.compile(rf"(?<!\w){re.escape(bare)}(?!\w)", re.IGNORECASE)


def _line(table: str, statements: Sequence[Statement]) -> int:
    """Return the line of the statement that takes rows away; 0 where none shows that it does."""
    name = _pattern(table)
    found = [
        each
        for each in statements
        if (verb := _WRITES.match(each.sql)) and verb[1].upper() in _LOSES
    ]
    named = [each for each in found if name.search(each.sql)]
    return next((each.line for each in named or found if each.line), 0)


def _grouped(unfilled: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield what could not be filled, one line a reason."""
    reasons = list(unfilled.items())
    for why, tables in reasons[:_TOLD]:
        names = ", ".join(f"`{each.removeprefix('public.')}`" for each in tables[:_NAMES])
        more = f" and {len(tables) - _NAMES} more" if len(tables) > _NAMES else ""
        yield f"no rows could be put into {names}{more}: {why}"
    rest = [table for _, tables in reasons[_TOLD:] for table in tables]
    if rest:
        yield f"nor into {len(rest)} more tables, each for a reason of its own: `{rest[0]}`, ..."
