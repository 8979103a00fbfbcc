"""Tells whether `upgrade()` and `downgrade()` exist, and whether they do anything."""

from __future__ import annotations

import ast

from revgate.history.revision import Function
from revgate.history.syntax import statements_within

_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_BINDS_NOTHING = (ast.Pass, ast.Expr)
_NOTHING = (ast.Constant, type(None))
_LOGGING = {"print", "debug", "info", "warning", "warn", "error", "critical", "log", "exception"}


def read_function(tree: ast.Module, name: str) -> Function:
    """Describe the function with a name; the last definition counts."""
    found = Function("absent")
    for statement in tree.body:
        if isinstance(statement, _FUNCTION):
            if statement.name == name:
                found = _describe(statement)
        elif not isinstance(statement, _BINDS_NOTHING) and _binds(statement, name):
            # Imported, assigned, or defined in a branch: it exists, but cannot be read.
            position = (statement.lineno, statement.col_offset + 1)
            found = Function("code", position, position)
    return found


def _binds(statement: ast.stmt, name: str) -> bool:
    """Whether a statement of the module binds a name.

    Expressions are skipped: they make up most of a file, and bind names only by `:=`.
    """
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return any((alias.asname or alias.name) in (name, "*") for alias in statement.names)
    match statement:
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            return _is_target(target, name)
        case ast.Assign(targets=targets):
            return any(_is_target(target, name) for target in targets)
        case ast.FunctionDef(name=bound) | ast.AsyncFunctionDef(name=bound):
            return bound == name
        case ast.If() | ast.Try() | ast.With() | ast.For() | ast.While() | ast.Match():
            return any(_binds(inner, name) for inner in statements_within(statement))
    return False


def _is_target(target: ast.expr, name: str) -> bool:
    match target:
        case ast.Name(id=bound):
            return bound == name
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            return any(_is_target(each, name) for each in targets)
    return False


def _describe(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Function:
    position = (function.lineno, function.col_offset + 1)
    for statement in function.body:
        if _does_nothing(statement):
            continue
        body = (statement.lineno, statement.col_offset + 1)
        if isinstance(statement, ast.Raise):
            return Function("raises", position, body)
        if isinstance(statement, ast.Return) and isinstance(statement.value, _NOTHING):
            break
        return Function("code", position, body)
    return Function("empty", position, position)


def _does_nothing(statement: ast.stmt) -> bool:
    """Whether a statement certainly does not touch the database."""
    if not isinstance(statement, ast.Expr):
        return isinstance(statement, ast.Pass)
    match statement.value:
        case ast.Constant():
            return True
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=arguments):
            # `op.execute` is not among these names; a call in the arguments could do anything.
            return name in _LOGGING and not any(
                isinstance(node, ast.Call) for argument in arguments for node in ast.walk(argument)
            )
    return False
