"""What a statement of a migration makes or drops.

Knows neither Python nor SQL; apart from `sql`, since most runs meet no SQL and need not wait for
its patterns.
"""

from __future__ import annotations

from typing import NamedTuple


class Effect(NamedTuple):
    """One object made or dropped."""

    action: str
    """`create` or `drop`; `touch` where it may have been there before, or be gone already
    (OR REPLACE, IF NOT EXISTS, IF EXISTS)."""
    kind: str
    """`table`, `column`, `index`, `constraint`, `type`, `view`, `function`, ..."""
    name: str | None
    """None where the name is chosen by a naming convention."""
    table: str = ""
    """Of a column, an index, a constraint or a trigger; empty where it is not said. Of a table
    that was renamed, the name before."""
    line: int = 1
    column: int = 1
    columns: tuple[str, ...] = ()
    """The columns that an index or a constraint stands on, where they can be read."""


class UnreadableSqlError(Exception):
    """A statement that might do anything."""
