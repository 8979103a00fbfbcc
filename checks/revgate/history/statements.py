"""Statements within statements.

Knows which parts of a statement hold others, and nothing of what they mean. Walking only these
passes over the expressions, which are most of a syntax tree.
"""

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMPOUND = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.If, ast.For, ast.AsyncFor),
    *(ast.While, ast.Try, ast.TryStar, ast.With, ast.AsyncWith, ast.Match),
)
_PARTS = ("body", "orelse", "finalbody")


def statements_within(statement: ast.stmt) -> "Iterator[ast.stmt]":
    """Yield the statements one level below a statement."""
    if not isinstance(statement, _COMPOUND):
        return
    for part in _PARTS:
        yield from getattr(statement, part, ())
    for branch in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield from branch.body
