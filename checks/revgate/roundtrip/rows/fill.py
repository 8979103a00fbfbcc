"""Inserts rows into empty tables, many per query, and reports which stayed empty and why.

Each row has a savepoint of its own, so that a rejected one leaves no trace.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.postgres.names import quoted
from revgate.roundtrip.rows.order import in_order, needs
from revgate.roundtrip.rows.plan import EMPTY, ROWS, Plan
from revgate.roundtrip.rows.relaxed import Schema, relaxations, violation
from revgate.roundtrip.rows.solve import Solver
from revgate.roundtrip.rows.values import Values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from revgate.roundtrip.rows.catalogue import Catalogue, Table, TableRows

_ROUNDS = 12
_CHECK_VIOLATION = "23514"
_NOT_NULL_VIOLATION = "23502"
_RETRY_LATER = (_NOT_NULL_VIOLATION, "23503")
# What a trigger may want of a setting: the id of a row that was inserted, or anything.
_SETTINGS = ("1001", "00000000-0000-4000-8000-0000000003e9", "1", "true", "2020-01-01", "a")
_DUPLICATE = ("23505", "23P01")

_HEAD = """DO $revgate$
#variable_conflict use_column
DECLARE
    _revgate_errors jsonb := '[]';
    _revgate_state text;
    _revgate_message text;
    _revgate_constraint text;
    _revgate_column text;
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
"""
_CAUGHT = """    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS _revgate_state = RETURNED_SQLSTATE,
            _revgate_message = MESSAGE_TEXT, _revgate_constraint = CONSTRAINT_NAME,
            _revgate_column = COLUMN_NAME;
        _revgate_errors := _revgate_errors || jsonb_build_array(jsonb_build_array({number},
            _revgate_state, _revgate_message, _revgate_constraint, _revgate_column));
    END;
"""
_TAIL = """    PERFORM set_config('revgate.errors', _revgate_errors::text, false);
END $revgate$;
SELECT current_setting('revgate.errors')"""


class Refusal(NamedTuple):
    """Why PostgreSQL rejected a row."""

    state: str
    message: str
    constraint: str
    column: str


class _Attempt(NamedTuple):
    """One row of a table, or one row of each table in a cycle."""

    plans: tuple[Plan, ...]
    number: int

    def statements(self) -> list[str]:
        inserts = [plan.insert(self.number) for plan in self.plans]
        if len(self.plans) == 1:
            return inserts
        if all(
            key.deferrable
            for plan in self.plans
            for key in plan.table.foreign_keys
            if key.target in plan.cycle and needs(plan.table, key)
        ):
            return ["SET CONSTRAINTS ALL DEFERRED", *inserts, "SET CONSTRAINTS ALL IMMEDIATE"]
        # The first row of such a cycle cannot be inserted while its keys are enforced.
        role = "PERFORM set_config('session_replication_role', '{}', true)"
        return [role.format("replica"), *inserts, role.format("origin")]


class Filler:
    """Fills the tables of one database."""

    def __init__(self, cursor: Any, errors: type[Exception], catalogue: Catalogue) -> None:
        """Get ready.

        Args:
            cursor: Of an autocommit connection.
            errors: The driver's exception.
            catalogue: Reads the same database.
        """
        self._cursor = cursor
        self._errors = errors
        self._catalogue = catalogue
        self._solver = Solver(cursor, errors)
        self._solved: set[_Attempt] = set()
        self._plain: set[_Attempt] = set()
        self._columns: dict[int, frozenset[str]] = {}
        """The columns of each table when it was filled."""

    def fill(self, empty: Sequence[TableRows]) -> dict[int, str]:
        """Insert rows into tables; return, by oid, why one got none."""
        reasons = self._fill(empty)
        names = self._catalogue.settings() if reasons else []
        for value in _SETTINGS if names else ():
            with suppress(self._errors):
                for name in names:
                    self._cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
            reasons = self._fill([each for each in empty if each.oid in reasons])
            if not reasons:
                break
        return reasons

    def relax(self, before: Schema, tables: Iterable[TableRows]) -> None:
        """Give rows what the schema refused before a step that altered their tables.

        Args:
            before: Those tables as they were.
            tables: Those of them that have rows of ours.
        """
        read, values = self._read(tables)
        after = Schema(tuple(read), values.types)
        self._run([[each] for each in relaxations(before, after, values, self._solver)])

    def schema(self, tables: Iterable[TableRows]) -> Schema:
        """Read some tables as they are."""
        read, values = self._read(tables)
        return Schema(tuple(read), values.types)

    def violation(self, table: TableRows, condition: str) -> dict[str, str]:
        """Return values that a table takes and that violate a condition; none if none are found."""
        read, values = self._read([table])
        return violation(read[0], condition, values, self._solver)

    def _fill(self, empty: Iterable[TableRows]) -> dict[int, str]:
        tables, values = self._read(empty)
        self._remember(tables)
        reasons: dict[int, str] = {}
        units: list[tuple[Plan, ...]] = []
        for cycle in in_order(tables):
            plans = tuple(Plan(table, values) for table in cycle)
            for plan in plans:
                plan.cycle = {each.table.oid: each for each in plans}
            obstacles = {plan.table.oid: plan.obstacle() for plan in plans}
            if any(obstacles.values()):
                names = {plan.table.oid: f"`{plan.table.name}` has no rows" for plan in plans}
                blame = next(names[oid] for oid, why in obstacles.items() if why)
                reasons |= {oid: why or blame for oid, why in obstacles.items()}
            else:
                units.append(plans)
        self._fill_all(units, reasons)
        return reasons

    def _read(self, counted: Iterable[TableRows]) -> tuple[list[Table], Values]:
        tables = self._catalogue.tables(counted)
        types = self._catalogue.types({c.type for table in tables for c in table.columns})
        values = Values(types, lambda type_: self._solver.domain(values, type_))
        return tables, values

    def widen(self, wider: Iterable[TableRows]) -> None:
        """Give all rows but one a value in columns that were added since they were inserted."""
        tables, values = self._read(wider)
        known = {table: self._columns.get(table.oid) for table in tables}
        plans = {Plan(table, values): names for table, names in known.items() if names is not None}
        self._remember(tables)
        for number in range(EMPTY):
            refused = self._widen(plans, number)
            for plan in refused:
                if not plan.is_solved:
                    plan.solve(self._solver)
            self._widen({plan: plans[plan] for plan in refused}, number)

    def _widen(self, plans: Mapping[Plan, frozenset[str]], number: int) -> list[Plan]:
        updates = {plan: plan.widen(known, number) for plan, known in plans.items()}
        updates = {plan: statement for plan, statement in updates.items() if statement}
        refused = self._run([[statement] for statement in updates.values()])
        return [plan for at, plan in enumerate(updates) if at in refused]

    def _remember(self, tables: Iterable[Table]) -> None:
        for table in tables:
            self._columns[table.oid] = frozenset(column.name for column in table.columns)

    def _fill_all(self, units: Sequence[tuple[Plan, ...]], reasons: dict[int, str]) -> None:
        pending = [_Attempt(unit, number) for unit in units for number in range(ROWS)]
        filled: set[Plan] = set()
        for _ in range(_ROUNDS):
            refused = self._try(pending)
            done = {plan for each in pending if each not in refused for plan in each.plans}
            progress = bool(done - filled)
            filled |= done
            for each, why in refused.items():
                if each.number == 0:
                    reasons |= {plan.table.oid: _reason(plan, why) for plan in each.plans}
            pending = [
                each
                for each, why in refused.items()
                if (progress and why.state in _RETRY_LATER) or self._adapt(each, why, filled)
            ]
            if not pending:
                break
        for plan in filled:
            reasons.pop(plan.table.oid, None)
        self._spread(filled)
        later = [each for unit in units for plan in unit if plan in filled
                 for each in plan.catch_up()]  # fmt: skip
        self._run([[each] for each in later])

    def _spread(self, filled: Iterable[Plan]) -> None:
        """Insert a row into every partition for which one is easily found."""
        attempts = []
        for plan in filled:
            for number, leaf in enumerate(plan.table.leaves, start=ROWS):
                own = plan.with_checks((leaf, *plan.table.checks[:-1]))
                own.solve(self._solver)
                attempts.append(_Attempt((own,), number))
        self._try(attempts)

    def _adapt(self, attempt: _Attempt, why: Refusal, filled: set[Plan]) -> bool:
        """Choose other values for a rejected row; return whether there are any."""
        if why.state in _DUPLICATE:
            return False
        if why.state == _CHECK_VIOLATION and attempt not in self._solved:
            self._solved.add(attempt)
            for plan in attempt.plans:
                if not plan.is_solved:
                    plan.solve(self._solver)
            return True
        if attempt in self._plain or filled.intersection(attempt.plans):
            return False
        self._plain.add(attempt)
        for plan in attempt.plans:
            plan.defaults = False
        return True

    def _try(self, attempts: Sequence[_Attempt]) -> dict[_Attempt, Refusal]:
        refused = self._run([each.statements() for each in attempts])
        return {attempts[number]: why for number, why in refused.items()}

    def _run(self, blocks: Sequence[Sequence[str]]) -> dict[int, Refusal]:
        """Run groups of statements, each with a savepoint; return which were rejected."""
        if not blocks:
            return {}
        body = "".join(
            "    BEGIN\n"
            + "".join(f"        {statement};\n" for statement in block)
            + _CAUGHT.replace("{number}", str(number))
            for number, block in enumerate(blocks)
        )
        try:
            self._cursor.execute(f"{_HEAD}{body}{_TAIL}")
        except self._errors as error:
            state = getattr(error, "pgcode", None) or ""
            why = Refusal(state, " ".join(str(error).split("\n", 1)[0].split()), "", "")
            return dict.fromkeys(range(len(blocks)), why)
        errors = json.loads(self._cursor.fetchone()[0])
        return {number: Refusal(*facts) for number, *facts in errors}


def _reason(plan: Plan, why: Refusal) -> str:
    if why.state == _CHECK_VIOLATION and why.constraint:
        return f"no values were found that satisfy its check `{why.constraint}`"
    if why.state in _RETRY_LATER:
        for key in plan.table.foreign_keys:
            if not why.column or quoted(why.column) in key.columns or why.column in key.columns:
                return f"`{key.target_name.removeprefix('public.')}` has no rows to reference"
    if "session_replication_role" in why.message:
        return "its foreign keys form a cycle, whose first rows only a superuser can insert"
    return why.message
