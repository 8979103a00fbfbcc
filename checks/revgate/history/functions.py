"""What `upgrade()` and `downgrade()` of one file do, as far as text tells.

Knows statements; nothing of ids, files or the graph.
"""

import ast

from revgate.history.revision import Function

_LOGGING = {"print", "debug", "info", "warning", "warn", "error", "critical", "log", "exception"}


def read_function(tree: ast.Module, name: str) -> Function:
    """Describe the module's function of a name; the last definition counts."""
    found = Function("absent")
    for statement in tree.body:
        match statement:
            case ast.FunctionDef(name=defined) | ast.AsyncFunctionDef(name=defined):
                if defined == name:
                    found = _describe(statement)
            case ast.Assign(targets=[ast.Name(id=bound)]) if bound != name:
                continue
            case _ if _binds(statement, name):
                # Imported, assigned, or defined in a branch: there, and not to be read.
                position = (statement.lineno, statement.col_offset + 1)
                found = Function("code", position, position)
    return found


# Statements that can bind no name; most of a file, so they are not walked.
_BINDS_NOTHING = (ast.Expr, ast.ClassDef)


def _binds(statement: ast.stmt, name: str) -> bool:
    if isinstance(statement, _BINDS_NOTHING):
        return False
    for node in ast.walk(statement):
        match node:
            case ast.ClassDef():
                return False
            case ast.Name(id=bound, ctx=ast.Store()) if bound == name:
                return True
            case ast.FunctionDef(name=bound) | ast.AsyncFunctionDef(name=bound) if bound == name:
                return True
            case ast.alias(name=original, asname=other) if (other or original) in (name, "*"):
                return True
    return False


def _describe(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Function:
    position = (function.lineno, function.col_offset + 1)
    for statement in function.body:
        if _does_nothing(statement):
            continue
        body = (statement.lineno, statement.col_offset + 1)
        match statement:
            case ast.Return(value=None | ast.Constant()):
                break
            case ast.Raise():
                return Function("raises", position, body)
        return Function("code", position, body)
    return Function("empty", position, position)


def _does_nothing(statement: ast.stmt) -> bool:
    """Whether a statement leaves the database alone for certain."""
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Expr(
            value=ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=arguments)
        ):
            # `op.execute` is not among these names; a call inside the arguments might do anything.
            return name in _LOGGING and not any(
                isinstance(node, ast.Call) for argument in arguments for node in ast.walk(argument)
            )
    return False
