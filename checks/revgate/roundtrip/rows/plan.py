"""The rows of one table: an expression for each column.

Three rows where possible: two that are equal wherever they need not differ, and one that is null
wherever it can be.
"""

# ruff: noqa: S608 - SQL of our own words and PostgreSQL's, on a throwaway database

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.roundtrip.rows import hints
from revgate.roundtrip.rows.order import needs
from revgate.roundtrip.rows.solve import Row, Solver, components, suggestions
from revgate.roundtrip.rows.values import Values, length, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from revgate.roundtrip.rows.catalogue import Check, Column, ForeignKey, Table

ROWS = 3
EMPTY = 2
"""The number of the row that is null wherever it can be."""
# Keeps unique values away from those that revisions insert.
_OFFSET = 1000
_TEXTS = ("text", "varchar", "bpchar", "citext")


class Plan:
    """The rows of one table."""

    def __init__(self, table: Table, values: Values) -> None:
        self.table = table
        self.defaults = True
        """Whether columns with a default get it."""
        self.cycle: Mapping[int, Plan] = {}
        """The plans of the tables that are filled together with this one, and of itself."""
        self._values = values
        self._referencing = {name for key in table.foreign_keys for name in key.columns}
        self.varying = self._choose_varying()
        self._solved: list[list[Row]] | None = None
        self._guessed = self._guess()

    def with_checks(self, checks: tuple[Check, ...]) -> Plan:
        """Return a plan for the same table with other checks."""
        return Plan(self.table._replace(checks=checks), self._values)

    def _choose_varying(self) -> set[str]:
        """Choose one column of every unique key, few in all, so that the others can be equal."""
        chosen: set[str] = set()
        for names, in_expression in self.table.keys:
            known = [self.table.column(name) for name in names]
            if in_expression:
                chosen.update(names)
            elif known and not chosen.intersection(names):
                chosen.add(min(known, key=self._reluctance).name)
        return chosen

    def _reluctance(self, column: Column) -> int:
        if column.generated:
            return 3
        if column.name in self._referencing:
            return 1
        return 2 if self._values.few(column.type) else 0

    def _guess(self) -> dict[str, str]:
        """Guess that a check on a single text column lists the allowed values."""
        guessed = {}
        for check in self.table.checks:
            if len(check.columns) != 1:
                continue
            column = self.table.column(check.columns[0])
            type_, modifier = self._values.bare(column.type, column.modifier)
            literals = hints.strings(check.expression)
            longest = length(modifier) if type_.word in ("varchar", "bpchar") else None
            if literals and type_.word in _TEXTS and len(literals[0]) <= (longest or 1 << 30):
                guessed[column.name] = quoted(literals[0])
        return guessed

    @property
    def is_solved(self) -> bool:
        """Whether PostgreSQL was asked which values satisfy the checks."""
        return self._solved is not None

    def solve(self, solver: Solver) -> None:
        """Ask PostgreSQL which values satisfy the checks."""
        self._solved = []
        for checks, names in components(self.table):
            columns = [self.table.column(name) for name in names]
            text = " ".join(check.expression for check in checks)
            choices = {
                column.name: self._choices(column, text)
                for column in columns
                if not column.generated
            }
            found = solver.solve(self.table, checks, choices)
            if found:
                self._solved.append(found)

    def _choices(self, column: Column, text: str) -> list[str]:
        pointing = [key for key in self.table.foreign_keys if column.name in key.columns]
        if pointing:
            found = [self._reference(pointing[0], column.name, at, {}) for at in range(ROWS)]
        else:
            found = suggestions(self._values, column.type, column.modifier, text)
            if column.default and "nextval(" not in column.default:
                found.insert(0, column.default)
        if self._may_be_null(column):
            found.insert(2, "NULL")
        return found

    def _may_be_null(self, column: Column) -> bool:
        return not column.not_null and not self._values.not_null(column.type)

    def obstacle(self) -> str:
        """Return why no row can be composed at all; empty if one can be tried."""
        if self.table.kind == "f":
            return "it is a foreign table"
        if self.table.kind == "p" and not self.table.leaves:
            return "it has no partitions"
        for column in self.table.columns:
            if column.generated or column.name in self._referencing or column.default:
                continue
            if not self._may_be_null(column) and self._made(column, 0) is None:
                name = self._values.types[column.type].name
                return f"no value is known for `{column.name}`, which is of type `{name}`"
        return ""

    # -- one row --------------------------------------------------------------------------------

    def row(self, number: int, depth: int = 0) -> Row:
        """Return an expression for each column of one of the rows."""
        row = {
            column.name: self._value(column, number)
            for column in self.table.columns
            if not column.generated
        }
        fixed: set[str] = set()
        for solutions in self._solved or ():
            chosen = self._chosen(solutions, number)
            row.update(chosen)
            fixed |= chosen.keys()
        for key in self.table.foreign_keys:
            self._refer(row, fixed, key, number, depth)
        return row

    def _value(self, column: Column, number: int) -> str:
        nullable = self._may_be_null(column)
        if number == EMPTY and nullable:
            return "NULL"
        varies = column.name in self.varying
        if column.default and self.defaults and not varies:
            return "DEFAULT"
        if column.name in self._guessed and not varies:
            return self._guessed[column.name]
        made = self._made(column, number + _OFFSET if varies else 0)
        if made is None:
            return "NULL" if nullable else "DEFAULT"
        return made

    def _made(self, column: Column, number: int) -> str | None:
        if self._values.few(column.type):
            number %= _OFFSET
        return self._values.make(column.type, column.modifier, number)

    def _chosen(self, solutions: Sequence[Row], number: int) -> Row:
        differing = [name for name in solutions[0] if name in self.varying]
        if differing:
            apart: dict[tuple[str, ...], Row] = {}
            for each in solutions:
                apart.setdefault(tuple(each[name] for name in differing), each)
            distinct = [
                each for key, each in apart.items() if "NULL" not in key
            ] or list(apart.values())  # fmt: skip
            return distinct[number % len(distinct)]
        if number == EMPTY:
            return max(solutions, key=lambda each: list(each.values()).count("NULL"))
        return min(solutions, key=lambda each: list(each.values()).count("NULL"))

    # -- foreign keys ---------------------------------------------------------------------------

    def _refer(self, row: Row, fixed: set[str], key: ForeignKey, number: int, depth: int) -> None:
        free = [name for name in key.columns if name not in fixed]
        nullable = [name for name in free if self._may_be_null(self.table.column(name))]
        if number == EMPTY and nullable:
            row.update(dict.fromkeys(nullable, "NULL"))
            return
        if key.target in self.cycle and needs(self.table, key):
            if depth < ROWS:
                theirs = self.cycle[key.target].row(number, depth + 1)
                for name, target in zip(key.columns, key.target_columns, strict=True):
                    if name in free:
                        row[name] = theirs[target]
        else:
            at = number if self.varying.intersection(key.columns) else 0
            known = {name: row[name] for name in key.columns if name in fixed}
            row.update({name: self._reference(key, name, at, known) for name in free})
        fixed.update(free)

    def _reference(self, key: ForeignKey, name: str, at: int, known: Mapping[str, str]) -> str:
        """Return an expression for one column of a row that a foreign key can reference.

        Args:
            key: The foreign key.
            name: One of its columns.
            at: Which row, from 0.
            known: The expressions of other columns of the key.
        """
        pairs = dict(zip(key.columns, key.target_columns, strict=True))
        conditions = [f"q.{target} IS NOT NULL" for target in pairs.values()]
        conditions += [f"q.{pairs[each]} = ({value})" for each, value in known.items()]
        order = ", ".join(f"q.{target}" for target in pairs.values())
        return (
            f"(SELECT q.{pairs[name]} FROM {key.target_name} q WHERE {' AND '.join(conditions)}"
            f" ORDER BY {order} OFFSET {at} LIMIT 1)"
        )

    # -- statements -----------------------------------------------------------------------------

    def insert(self, number: int) -> str:
        """Return the statement that inserts a row."""
        row = self.row(number)
        if not row:
            return f"INSERT INTO {self.table.name} DEFAULT VALUES"
        return (
            f"INSERT INTO {self.table.name} ({', '.join(row)}) OVERRIDING SYSTEM VALUE"
            f" VALUES ({', '.join(row.values())})"
        )

    def widen(self, known: frozenset[str], number: int) -> str:
        """Return the statement that gives a row values in columns that were added since.

        Args:
            known: The other columns.
            number: Of the planned row; any existing row can receive its values.
        """
        new = {
            name: value
            for name, value in self.row(number).items()
            if name not in known and value not in ("NULL", "DEFAULT")
        }
        if not new:
            return ""
        values = ", ".join(f"{name} = {value}" for name, value in new.items())
        empty = " AND ".join(f"{name} IS NULL" for name in new)
        return (
            f"UPDATE {self.table.name} SET {values} WHERE (tableoid, ctid) = (SELECT tableoid, ctid"
            f" FROM {self.table.name} WHERE {empty} ORDER BY tableoid, ctid LIMIT 1)"
        )

    def catch_up(self) -> list[str]:
        """Return statements that let the first row reference rows that were inserted after it."""
        row = self.row(0)
        marks = [name for name in sorted(self.varying - self._referencing) if name in row]
        if not marks:
            return []
        return [
            f"UPDATE {self.table.name} SET {name} = {row[name]}"
            f" WHERE {name} IS NULL AND {marks[0]} = {row[marks[0]]}"
            for key in self.table.foreign_keys
            for name in key.columns
            if len(key.columns) == 1 and name not in self.varying and not needs(self.table, key)
        ]
