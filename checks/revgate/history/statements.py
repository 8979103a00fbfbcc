"""Statements within statements.

Knows which parts of a statement hold others, and nothing of what they mean. Walking only these
passes over the expressions, which are most of a syntax tree.
"""

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Asked for by type and not by `isinstance`, which would try one after the other: nobody derives
# from these.
COMPOUND = frozenset(
    (
        *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.If, ast.For, ast.AsyncFor),
        *(ast.While, ast.Try, ast.TryStar, ast.With, ast.AsyncWith, ast.Match),
    )
)
"""The statements that hold others."""
_PARTS = ("body", "orelse", "finalbody")


def statements_within(statement: ast.stmt) -> "Iterator[ast.stmt]":
    """Yield the statements one level below a statement."""
    if type(statement) not in COMPOUND:
        return
    for part in _PARTS:
        yield from getattr(statement, part, ())
    for branch in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield from branch.body
