"""Remembers the values that a revision file assigns to variables: enum types, columns, texts."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from revgate.history.enums import ENUMS
from revgate.history.syntax import called_name

if TYPE_CHECKING:
    from collections.abc import Iterator


class Variables:
    """What each variable stands for at the statement that is being read."""

    def __init__(self) -> None:
        self._calls: dict[str, ast.Call] = {}
        self._texts: dict[str, str] = {}

    def assign(self, statement: ast.Assign) -> None:
        """Note an assignment; a value of another kind makes its variables unknown."""
        for target in statement.targets:
            for node in ast.walk(target):
                if isinstance(node, ast.Name):
                    self._calls.pop(node.id, None)
                    self._texts.pop(node.id, None)
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
                if called_name(call) in (*ENUMS, "Column"):
                    self._calls[name] = call
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str() as text)):
                self._texts[name] = text

    def text(self, name: str) -> str | None:
        """Return the literal string of a variable."""
        return self._texts.get(name)

    def value(self, node: ast.expr) -> ast.expr:
        """Return the call that a variable stands for, or the expression itself."""
        return self._calls.get(node.id, node) if isinstance(node, ast.Name) else node

    def within(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield all nodes of an expression, and those of the variables in it."""
        for each in ast.walk(node):
            value = self._calls.get(each.id) if isinstance(each, ast.Name) else None
            if value is None:
                yield each
            elif called_name(value) == "Column":  # it can refer to a variable of its type
                yield from (self.value(one) for one in ast.walk(value) if isinstance(one, ast.expr))
            else:
                yield value
