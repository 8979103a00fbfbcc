"""Helpers for Python source: decoding, scopes, nested statements, positions, silenced warnings."""

from __future__ import annotations

import ast
import re
import warnings
from contextlib import nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager


def decoded(data: bytes) -> str:
    """Decode as Python does, which tolerates invalid bytes in comments."""
    import io
    import tokenize

    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError:
        encoding = "utf-8"
    return data.decode(encoding, "replace")


_OWN_SCOPE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def module_scope(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all its descendants in the same scope.

    Of a function, those are decorators, defaults and annotations; of a class, its bases.
    """
    waiting = [node]
    while waiting:
        each = waiting.pop()
        yield each
        if isinstance(each, _OWN_SCOPE):
            for field, value in ast.iter_fields(each):
                if field != "body":
                    parts = value if isinstance(value, list) else [value]
                    waiting += [part for part in parts if isinstance(part, ast.AST)]
        else:
            waiting += ast.iter_child_nodes(each)


def bound_names(node: ast.AST) -> Iterator[str]:
    """Yield the names that a single node binds or unbinds."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.alias(name=name, asname=other):
            yield other or name.partition(".")[0]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.ExceptHandler(name=str() as name) | ast.MatchStar(name=str() as name):
            yield name
        case ast.MatchAs(name=str() as name) | ast.MatchMapping(rest=str() as name):
            yield name


def called_name(call: ast.Call) -> str:
    """Return the last part of the name that is called; empty if there is none."""
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def literal_string(node: ast.expr) -> str | None:
    """Return the value of a literal string; None for any other expression."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def literal_strings(node: ast.expr) -> tuple[str, ...]:
    """Return the literal strings in a list or tuple."""
    if isinstance(node, ast.List | ast.Tuple):
        return tuple([text for item in node.elts if (text := literal_string(item)) is not None])
    return ()


def count_characters(tree: ast.Module, data: bytes) -> None:
    """Convert the columns of a tree from UTF-8 bytes to characters."""
    lines = [line.encode() for line in re.split("\r\n|\r|\n", decoded(data))]
    for node in ast.walk(tree):
        column = getattr(node, "col_offset", None)
        line = getattr(node, "lineno", 0)
        if column and line <= len(lines):
            before = lines[line - 1][:column]
            node.col_offset = len(before.decode("utf-8", "replace"))  # type: ignore[attr-defined]  # it has this attribute


# For a lookup by type, which is faster than `isinstance`: these classes have no subclasses.
COMPOUND = frozenset(
    (
        *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.If, ast.For, ast.AsyncFor),
        *(ast.While, ast.Try, ast.TryStar, ast.With, ast.AsyncWith, ast.Match),
    )
)
"""The statements that contain other statements."""
_PARTS = ("body", "orelse", "finalbody")


def statements_within(statement: ast.stmt) -> Iterator[ast.stmt]:
    """Yield the statements directly inside a statement."""
    if type(statement) not in COMPOUND:
        return
    for part in _PARTS:
        yield from getattr(statement, part, ())
    for branch in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield from branch.body


def live_statements(statement: ast.stmt) -> Iterable[ast.stmt]:
    """Return the statements directly inside a statement, without those that never run."""
    match statement:
        case ast.If(test=test) if (truth := _truth(test)) is not None:
            return statement.body if truth else statement.orelse
        case ast.While(test=test) if _truth(test) is False:
            return statement.orelse
        case ast.For(iter=ast.List(elts=[]) | ast.Tuple(elts=[])):
            return statement.orelse
    return statements_within(statement)


def _truth(test: ast.expr) -> bool | None:
    """Return whether a condition holds when the file runs; None where it depends."""
    match test:
        case ast.Constant(value=value):
            return bool(value)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            truth = _truth(operand)
            return None if truth is None else not truth
        case ast.BoolOp(op=operator, values=values):
            decisive = isinstance(operator, ast.Or)
            return decisive if decisive in map(_truth, values) else None
        case ast.Name(id="TYPE_CHECKING" | "MYPY") | ast.Attribute(attr="TYPE_CHECKING"):
            return False
    return None


LOGGING = frozenset(
    (
        *("print", "debug", "info", "warning", "warn", "error", "critical", "log", "exception"),
        *("echo", "secho", "pprint"),
    )
)
"""The names of functions that only say something."""

_NOTHING = nullcontext()


def quietly() -> AbstractContextManager[object]:
    """Silence all warnings; costs nothing if they are silenced already."""
    first = warnings.filters[0] if warnings.filters else None
    if first == ("ignore", None, Warning, None, 0):
        return _NOTHING
    return warnings.catch_warnings(action="ignore")
