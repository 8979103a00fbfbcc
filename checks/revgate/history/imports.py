"""Reads which modules a revision file imports when it runs."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING

from revgate.history.revision import Import
from revgate.history.syntax import COMPOUND, called_name, literal_string, live_statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ALWAYS_IMPORTED = sys.stdlib_module_names | {"alembic", "sqlalchemy"}
_IMPORT = (ast.Import, ast.ImportFrom)
_BY_NAME = ("import_module", "__import__")


def read_imports(tree: ast.Module, data: bytes) -> Iterator[Import]:
    """Yield each import that is not from the standard library, Alembic or SQLAlchemy."""
    yield from _imports(_importing(tree, data))
    if any(name.encode() in data for name in _BY_NAME):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and called_name(node) in _BY_NAME:
                name = literal_string(node.args[0])
                if name:
                    yield from _foreign([name], node)


def _importing(tree: ast.Module, data: bytes) -> list[ast.stmt]:
    """Return the statements to search for imports; mostly they are all at the top level."""
    at_top: list[ast.stmt] = [each for each in tree.body if isinstance(each, _IMPORT)]
    return at_top if len(at_top) == data.count(b"import") else tree.body


def _imports(body: Iterable[ast.stmt]) -> Iterator[Import]:
    for statement in body:
        if isinstance(statement, ast.ImportFrom):
            yield from _foreign(["." * statement.level + (statement.module or "")], statement)
        elif isinstance(statement, ast.Import):
            yield from _foreign([name.name for name in statement.names], statement)
        elif type(statement) in COMPOUND:
            yield from _imports(live_statements(statement))


def _foreign(modules: list[str], node: ast.stmt | ast.expr) -> Iterator[Import]:
    for name in modules:
        if name.partition(".")[0] not in _ALWAYS_IMPORTED:
            yield Import(name, (node.lineno, node.col_offset + 1))
