"""Which modules a revision file imports, beside those that every revision may.

Knows import statements, wherever they stand; nothing of what the modules are.
"""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING

from revgate.history.revision import Import
from revgate.history.syntax import COMPOUND, statements_within

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ALWAYS = sys.stdlib_module_names | {"alembic", "sqlalchemy"}


def read_imports(body: Iterable[ast.stmt]) -> Iterator[Import]:
    """Yield each import that is neither of Python's library nor of Alembic or SQLAlchemy."""
    for statement in body:
        if isinstance(statement, ast.ImportFrom):
            modules = ["." * statement.level + (statement.module or "")]
        elif isinstance(statement, ast.Import):
            modules = [name.name for name in statement.names]
        else:
            if type(statement) in COMPOUND:
                yield from read_imports(statements_within(statement))
            continue
        for name in modules:
            if name.partition(".")[0] not in _ALWAYS:
                yield Import(name, (statement.lineno, statement.col_offset + 1))
