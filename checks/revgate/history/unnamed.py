"""Finds constraints and indexes that are dropped without a name."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from revgate.history.revision import UnnamedDrop
from revgate.history.syntax import called_name, module_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMES = {"drop_constraint": "constraint_name", "drop_index": "index_name"}
# Any that does not begin with a name written out, as in `drop_index("ix_users_email"`. Without a
# `\b` before it, the search can skip to the first letter.
_MAY_BE = re.compile(
    rb"""drop_(?:constraint|index)\b(?!\s*\(\s*(?:[\w.]*\bf\(\s*)?[bBrRuU]?["'][^"'])"""
)
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def may_be_unnamed(data: bytes) -> bool:
    """Whether the text of a file may drop something without a name."""
    return _MAY_BE.search(data) is not None


def unnamed_drops(tree: ast.Module) -> Iterator[UnnamedDrop]:
    """Yield each call in a function of the module that drops a constraint or index named None."""
    at_top = _nothings(tree.body)
    operations = {"op", *_aliases(tree)}
    for function in tree.body:
        if isinstance(function, _FUNCTION):
            nothings = at_top | _nothings(function.body)
            owners = operations.union(_batches(function))
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and _is_unnamed(node, owners, nothings):
                    yield UnnamedDrop(called_name(node), (node.lineno, node.col_offset + 1))


def _aliases(tree: ast.Module) -> Iterator[str]:
    """Yield other names of `alembic.op`."""
    for statement in tree.body:
        match statement:
            case ast.ImportFrom(module="alembic", names=names):
                yield from (each.asname for each in names if each.name == "op" and each.asname)
            case ast.Import(names=names):
                yield from (
                    each.asname for each in names if each.name == "alembic.op" and each.asname
                )


def _batches(function: ast.AST) -> Iterator[str]:
    """Yield the variables of `with op.batch_alter_table(...) as batch_op`."""
    for node in ast.walk(function):
        match node:
            case ast.withitem(context_expr=ast.Call() as call, optional_vars=ast.Name(id=name)):
                if called_name(call) == "batch_alter_table":
                    yield name


def _nothings(body: list[ast.stmt]) -> set[str]:
    """Return variables whose only value is None."""
    values: dict[str, list[bool]] = {}
    for statement in body:
        for node in module_scope(statement):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    values.setdefault(name, []).append(_is_none(value))
                case ast.Name(id=name, ctx=ast.Store()):
                    values.setdefault(name, []).append(True)
    # Each assignment is counted twice: by its target and as a whole.
    return {name for name, found in values.items() if len(found) == 2 and all(found)}


def _is_unnamed(call: ast.Call, operations: set[str], nothings: set[str]) -> bool:
    function = call.func
    if not isinstance(function, ast.Attribute) or function.attr not in _NAMES:
        return False
    match function.value:
        case ast.Name(id=owner) | ast.Attribute(attr=owner) if owner in operations:
            pass
        case _:
            return False
    if _is_primary(call):
        return False
    name = _argument(call, _NAMES[function.attr])
    match name:
        case ast.Call(args=[inner, *_]) if called_name(name) == "f":
            name = inner
        case ast.Name(id=variable):
            return variable in nothings
    return _is_none(name) or (isinstance(name, ast.Constant) and name.value == "")


def _is_primary(call: ast.Call) -> bool:
    """Whether a call drops a primary key, which a naming convention can name by its table alone."""
    kinds = [*call.args[1:], *(each.value for each in call.keywords if each.arg == "type_")]
    return any(isinstance(each, ast.Constant) and each.value == "primary" for each in kinds)


def _argument(call: ast.Call, keyword: str) -> ast.expr | None:
    if call.args:
        return call.args[0]
    return next((each.value for each in call.keywords if each.arg == keyword), None)


def _is_none(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
