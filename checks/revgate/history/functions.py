"""Tells whether `upgrade()` and `downgrade()` exist, and whether they do anything."""

from __future__ import annotations

import ast
import builtins
import re
from typing import TYPE_CHECKING

from revgate.history.revision import Function
from revgate.history.syntax import (
    COMPOUND,
    LOGGING,
    bound_names,
    called_name,
    literal_string,
    live_statements,
    module_scope,
    statements_within,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    _Definition = ast.FunctionDef | ast.AsyncFunctionDef

_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_BINDS_NOTHING = (ast.Pass, ast.Expr)
_EXITS = {"exit", "_exit", "quit"}
# Calls that only compute a value; the names of exceptions are added below.
_PURE = frozenset(
    (
        *("get_bind", "get_context", "getLogger", "get_logger", "len", "str", "int", "repr"),
        *("format", "join", "strip", "upper", "lower", "sorted", "list", "tuple", "dict", "set"),
        *("sleep", "suppress"),
    )
)
_EXCEPTIONS = {
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
}
# Calls that only ask the database, or enclose others.
_QUESTIONS = frozenset(
    (
        *("inspect", "from_engine", "has_table", "has_index", "get_table_names", "get_view_names"),
        *("get_columns", "get_indexes", "get_foreign_keys", "get_unique_constraints"),
        *("get_check_constraints", "get_pk_constraint", "get_enums", "text", "first", "one"),
        *("fetchone", "fetchall", "scalar_one", "any", "all", "bool", "isinstance", "next", "get"),
        *("one_or_none", "scalar_one_or_none", "mappings", "autocommit_block"),
        *("batch_alter_table", "begin_nested"),
    )
)
# Calls that run the SQL they are given; without any, they ask for a result.
_RUNS_SQL = ("execute", "exec_driver_sql", "scalar", "scalars")
# A SELECT, statistics, and settings of a session.
_QUESTION = re.compile(
    r"\s*(?:select\s+(?!.*\binto\b)[^;]*|(?:analyze|vacuum|reindex|show)\b[^;]*"
    r"|(?:set|reset)\s+(?:local\s+|session\s+)?(?:lock_timeout|statement_timeout)\b[^;]*)?;?\s*",
    re.IGNORECASE | re.DOTALL,
)
_SQL_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
# What stands before a parenthesis: other functions may do anything.
_BEFORE_PARENTHESIS = re.compile(r'([\w."]+)\s*\(')
_SAFE_IN_SQL = frozenset(
    (
        *("count", "max", "min", "sum", "avg", "coalesce", "exists", "lower", "upper", "length"),
        *("now", "version", "to_regclass", "current_schema", "current_database", "any", "all"),
        *("in", "from", "where", "and", "or", "not", "select", "as", "on", "using", "distinct"),
        *("vacuum", "analyze", "reindex", "over", "filter", "union", "except", "cast", "join"),
    )
)
# Expressions whose evaluation may do anything, unless they are one of the calls above.
_ACTS = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom)
_DEEPEST = 5
# Code that may define a function which the text does not show.
_DYNAMIC = {"exec", "globals", "setattr", "vars", "locals"}
_FOR_AN_ENGINE = re.compile(r"(?:up|down)grade(_\w*)")


def read_function(tree: ast.Module, name: str) -> Function:
    """Describe a function of a module; the last definition counts."""
    return _Functions(tree).read(name)


def engines(tree: ast.Module) -> tuple[str, ...]:
    """Return what follows `upgrade` and `downgrade` in the functions of each database: `_users`.

    The templates for several databases write `globals()["upgrade_%s" % engine_name]()` there.
    Empty if the module is not of this form.
    """
    found = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef)}
    both = [each for name in ("upgrade", "downgrade") if (each := found.get(name))]
    if not both or not all(_is_dispatch(each) for each in both):
        return ()
    names = [match[1] for name in found if (match := _FOR_AN_ENGINE.fullmatch(name))]
    return tuple(dict.fromkeys(names))


def _is_dispatch(function: ast.FunctionDef) -> bool:
    """Whether a function only calls the one for its argument: `globals()["upgrade_" + name]()`."""
    body = [each for each in function.body if not _is_docstring(each)]
    match body:
        case [ast.Expr(value=ast.Call(func=ast.Subscript(value=ast.Call() as owner, slice=key)))]:
            return called_name(owner) in ("globals", "locals") and _starts(key, function.name)
        case [ast.Expr(value=ast.Call(func=ast.Call(args=[key, *_]) as inner))]:
            return called_name(inner) == "eval" and _starts(key, function.name)
    return False


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _starts(key: ast.expr, name: str) -> bool:
    """Whether the first literal part of a computed name is `upgrade_`."""
    return any((literal_string(each) or "").startswith(f"{name}_") for each in _expressions(key))


def _expressions(node: ast.expr) -> Iterable[ast.expr]:
    return [each for each in ast.walk(node) if isinstance(each, ast.expr)]


class _Functions:
    """The functions of one module."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.defined = {each.name: each for each in tree.body if isinstance(each, _FUNCTION)}

    def read(self, name: str, depth: int = 0) -> Function:
        """Describe the function with a name."""
        found: Function | None = None
        for statement in self.tree.body:
            if isinstance(statement, _FUNCTION):
                if statement.name == name:
                    found = _describe(statement, self.defined)
            elif not isinstance(statement, _BINDS_NOTHING) and _binds(statement, name):
                found = self._bound(statement, name, depth)
        found = found or self._absent(name)
        return found._replace(name=name)

    def _bound(self, statement: ast.stmt, name: str, depth: int) -> Function:
        """Describe what a statement binds: mostly it exists, but cannot be read."""
        position = (statement.lineno, statement.col_offset + 1)
        match statement:
            case (
                ast.Assign(targets=[ast.Name(), *_], value=ast.Lambda(body=body))
                | ast.AnnAssign(value=ast.Lambda(body=body))
            ) if not _may_act(body):
                return Function("empty", position, position)
            case (
                ast.Assign(targets=[ast.Name(), *_], value=ast.Name(id=other))
                | ast.AnnAssign(value=ast.Name(id=other))
            ) if other != name and depth < _DEEPEST:
                target = self.read(other, depth + 1)
                if not target.is_absent:
                    return target._replace(position=position)
        return Function("code", position, position)

    def _absent(self, name: str) -> Function:
        """Describe a function that no statement of the module defines."""
        for node in module_scope(self.tree):
            if name in bound_names(node):
                return Function("code")
            if isinstance(node, ast.Call) and called_name(node) in _DYNAMIC:
                return Function("code")
        if "__getattr__" in self.defined:
            return Function("code")
        return self._misspelt(name) or Function("absent")

    def _misspelt(self, name: str) -> Function | None:
        from difflib import get_close_matches

        taken = ("upgrade", "downgrade")
        others = [
            each for each in self.defined if each not in taken and not _FOR_AN_ENGINE.match(each)
        ]
        near = get_close_matches(name, others, n=1, cutoff=0.8)
        if not near:
            return None
        at = self.defined[near[0]]
        return Function("absent", (at.lineno, at.col_offset + 1), near=near[0])


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


def _describe(function: _Definition, defined: Mapping[str, _Definition]) -> Function:
    found = _described(function, defined)
    # A decorator can do anything in place of a function that does nothing.
    if function.decorator_list and (found.is_empty or found.only_looks):
        return found._replace(kind="hidden", only_looks=False)
    return found


def _described(function: _Definition, defined: Mapping[str, _Definition]) -> Function:
    position = (function.lineno, function.col_offset + 1)
    for statement in function.body:
        if _does_nothing(statement):
            continue
        body = (statement.lineno, statement.col_offset + 1)
        if isinstance(statement, ast.Raise):
            return Function("raises", position, body)
        if isinstance(statement, ast.Return) and not _may_act(statement.value):
            break
        if (status := _exit_status(statement)) is not None:
            if status:
                return Function("raises", position, body)
            break
        return Function("code", position, body, only_looks=_only_looks(function, defined))
    return Function("empty", position, position)


def _does_nothing(statement: ast.stmt) -> bool:
    """Whether a statement certainly does not touch the database, and the next one runs."""
    match statement:
        case (
            ast.Pass()
            | ast.Import()
            | ast.ImportFrom()
            | ast.Global()
            | ast.FunctionDef()
            | ast.Delete()
        ):
            return True
        case ast.Expr(value=ast.Call() as call) if called_name(call) in LOGGING:
            # `op.execute` is not among these names.
            return not _may_act(*call.args, *(each.value for each in call.keywords))
        case ast.Expr(value=value) | ast.Assign(value=value) | ast.AnnAssign(value=value):
            return not _may_act(value)
        case ast.If(test=test) | ast.While(test=test):
            return not _may_act(test) and _do_nothing(statement)
        case ast.For(iter=test):
            return not _may_act(test) and _do_nothing(statement)
        case ast.Try() | ast.TryStar() | ast.ClassDef(decorator_list=[], keywords=[]):
            return _do_nothing(statement)
        case ast.With(items=items):
            return not _may_act(*(item.context_expr for item in items)) and _do_nothing(statement)
        case ast.Assert(test=test):
            return isinstance(test, ast.Constant) and bool(test.value)
    return False


def _do_nothing(statement: ast.stmt) -> bool:
    """Whether all statements within another do nothing; a return may be one of them."""
    return all(
        _does_nothing(each)
        or isinstance(each, ast.Break | ast.Continue)
        or (isinstance(each, ast.Return) and not _may_act(each.value))
        for each in live_statements(statement)
    )


def _running(statements: Iterable[ast.stmt]) -> Iterator[ast.AST]:
    """Yield the nodes of statements that can run: no inner functions, nothing after a return."""
    for statement in statements:
        if isinstance(statement, _FUNCTION):
            continue
        if type(statement) not in COMPOUND:
            yield from ast.walk(statement)
        else:
            parts = [getattr(statement, name, None) for name in ("test", "iter", "subject")]
            parts += [*getattr(statement, "items", ()), *getattr(statement, "decorator_list", ())]
            parts += [getattr(case, "guard", None) for case in getattr(statement, "cases", ())]
            yield from (node for part in parts if part is not None for node in ast.walk(part))
            yield from _running(live_statements(statement))
        if isinstance(statement, ast.Return):
            return


def _may_act(*values: ast.expr | None) -> bool:
    """Whether the evaluation of expressions may do more than compute a value."""
    return any(
        isinstance(node, _ACTS) and not (isinstance(node, ast.Call) and _is_pure(node))
        for value in values
        if value is not None
        for node in ast.walk(value)
    )


def _is_pure(call: ast.Call) -> bool:
    name = called_name(call)
    is_error = name in _EXCEPTIONS or (name[:1].isupper() and name.endswith(("Error", "Exception")))
    return is_error or name in _PURE


def _only_looks(function: _Definition, defined: Mapping[str, _Definition], depth: int = 0) -> bool:
    """Whether a function certainly changes nothing, though it may ask the database."""
    for node in _running(function.body):
        if isinstance(node, ast.Await | ast.Yield | ast.YieldFrom | ast.Raise):
            return False
        if not isinstance(node, ast.Call) or _is_pure(node) or _is_question(node):
            continue
        helper = defined.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if helper is None or helper.decorator_list or depth > _DEEPEST:
            return False
        if not _only_looks(helper, defined, depth + 1):
            return False
    return True


def _is_question(call: ast.Call) -> bool:
    name = called_name(call)
    if name not in _RUNS_SQL:
        return name in LOGGING or name in _QUESTIONS
    match call.args:
        case []:
            return name in ("scalar", "scalars")
        case [ast.Call(args=[written]) as inner] if called_name(inner) == "text":
            pass
        case [written]:
            pass
        case _:
            return False
    text = literal_string(written)
    return text is not None and _is_question_in_sql(_SQL_COMMENT.sub(" ", text))


def _is_question_in_sql(text: str) -> bool:
    words = (each.lower() for each in _BEFORE_PARENTHESIS.findall(text))
    return _QUESTION.fullmatch(text) is not None and _SAFE_IN_SQL.issuperset(words)


def _exit_status(statement: ast.stmt) -> bool | None:
    """Return whether a statement ends the process with an error; None if it does not end it."""
    match statement:
        case ast.Expr(value=ast.Call(args=arguments) as call) if called_name(call) in _EXITS:
            match arguments:
                case []:
                    return False
                case [ast.Constant(value=status)]:
                    return bool(status)
            return True
    return None
