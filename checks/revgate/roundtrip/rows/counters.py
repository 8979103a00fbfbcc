"""Counts the rows of all tables, with statements that are planned once for several tables.

Planning takes several times as long as counting, and few tables change between two counts.
"""

# ruff: noqa: S608 - SQL of our own words only

from __future__ import annotations

from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_TABLES = 25
"""Of one statement."""
_numbers = count(1)

Table = tuple[int, str]
"""Its oid and its name, quoted, with its schema."""


class Counters:
    """The prepared statements of one connection."""

    def __init__(self, cursor: Any, errors: type[Exception]) -> None:
        """Begin with none.

        Args:
            cursor: Of an autocommit connection.
            errors: The driver's exception.
        """
        self._cursor = cursor
        self._errors = errors
        self._statements: dict[str, tuple[Table, ...]] = {}

    def count(self, tables: Sequence[Table]) -> dict[int, int]:
        """Count rows; a table that cannot be read counts as empty, and is not filled either."""
        self._prepare(tables)
        counts: dict[int, int] = {}
        for name, counted in self._statements.items():
            counts |= self._counts(f"EXECUTE {name}", counted)
        return counts

    def _prepare(self, tables: Sequence[Table]) -> None:
        """Keep the statements of which no table is gone, and write others for the rest."""
        existing = set(tables)
        for name, counted in list(self._statements.items()):
            if len(counted) == _TABLES and existing.issuperset(counted):
                existing.difference_update(counted)
            else:
                del self._statements[name]
                with suppress(self._errors):
                    self._cursor.execute(f"DEALLOCATE {name}")
        rest = [each for each in tables if each in existing]
        for at in range(0, len(rest), _TABLES):
            self._write(tuple(rest[at : at + _TABLES]))

    def _write(self, tables: tuple[Table, ...]) -> None:
        name = f"revgate_count_{next(_numbers)}"
        self._statements[name] = tables
        with suppress(self._errors):  # which tables cannot be read shows when they are counted
            self._cursor.execute(f"PREPARE {name} AS {_query(tables)}")

    def _counts(self, statement: str, tables: Sequence[Table]) -> dict[int, int]:
        try:
            self._cursor.execute(statement)
            return dict(self._cursor.fetchall())
        except self._errors:
            if len(tables) == 1:
                return {}
        half = len(tables) // 2
        parts = (tables[:half], tables[half:])
        return {
            oid: rows for part in parts for oid, rows in self._counts(_query(part), part).items()
        }


def _query(tables: Sequence[Table]) -> str:
    # The parent of an inheritance hierarchy is counted without its children.
    return " UNION ALL ".join(f"SELECT {oid}, count(*) FROM ONLY {name}" for oid, name in tables)
