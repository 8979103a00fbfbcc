"""What a revision file does, as text to compare: the same for two files that run the same.

Names are replaced by what they were imported as; definitions that nothing uses are left out.
"""

from __future__ import annotations

import ast
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from revgate.history.parse import NAMES
from revgate.history.syntax import bound_names, module_scope, quietly

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MARK = "@"
"""Before a name that is written in full, with the module that it comes from."""
_DYNAMIC = frozenset(("globals", "locals", "vars", "eval", "exec", "__import__"))
"""Functions that can reach a definition without naming it."""
_CHECKS = frozenset(("create_check_constraint", "CheckConstraint", "drop_constraint"))
"""Calls in which `op.f()` keeps a naming convention from adding to a name that was given."""
_TYPES = frozenset(
    (
        *("ARRAY", "BIGINT", "BINARY", "BLOB", "BOOLEAN", "BigInteger", "Boolean", "CHAR", "CLOB"),
        *("DATE", "DATETIME", "DECIMAL", "DOUBLE", "DOUBLE_PRECISION", "Date", "DateTime"),
        *("Double", "FLOAT", "Float", "INT", "INTEGER", "Integer", "Interval", "JSON"),
        *("LargeBinary", "NCHAR", "NUMERIC", "NVARCHAR", "Numeric", "PickleType", "REAL"),
        *("SMALLINT", "SmallInteger", "String", "TEXT", "TIME", "TIMESTAMP", "Text", "Time"),
        *("UUID", "Unicode", "UnicodeText", "Uuid", "VARBINARY", "VARCHAR"),
        *("BIT", "BYTEA", "CIDR", "CITEXT", "HSTORE", "INET", "INTERVAL", "JSONB", "JSONPATH"),
        *("MACADDR", "MACADDR8", "MONEY", "OID", "REGCLASS", "TSQUERY", "TSVECTOR"),
        *("INT4RANGE", "INT8RANGE", "NUMRANGE", "DATERANGE", "TSRANGE", "TSTZRANGE"),
    )
)
_SQLALCHEMY = ("sqlalchemy.types.", "sqlalchemy.schema.", "sqlalchemy.sql.sqltypes.")
"""Modules whose names `sqlalchemy` has, too."""


def fingerprint(data: bytes) -> str | bytes:
    """Return what a revision does, regardless of how it is written.

    Comments, docstrings, formatting, imports under other names, annotations, unused definitions
    and the four names at the top (which other rules compare) make no difference. A file that does
    not parse is its bytes.
    """
    module = read_module(data)
    return data if module is None else "\n".join(module.used(module.entries()).lines)


class Used(NamedTuple):
    """Part of a module: what runs, and what that refers to."""

    lines: tuple[str, ...]
    names: frozenset[str]
    """Names of other modules, in full."""
    texts: frozenset[str]
    """Literal strings."""


class Module:
    """One file, with the statements that define each of its names."""

    def __init__(self, tree: ast.Module) -> None:
        self.imported, self.stars = _imported(tree)
        self._defined: dict[str, list[ast.stmt]] = {}
        self._run: list[ast.stmt] = []
        """What runs in any case, since its effect is not only to define a name."""
        writer = _Writer(self.imported, keep_imports=bool(self.stars))
        body = writer.body(tree.body)
        counts = Counter(name for each in body for name in _names_of(each))
        lazy = not _is_dynamic(body)
        for statement in body:
            if _is_head(statement):
                continue
            names = [*_names_of(statement)]
            for name in names:
                self._defined.setdefault(name, []).append(statement)
            if not (lazy and names and all(counts[each] == 1 for each in names)) or not _only_binds(
                statement
            ):
                self._run.append(statement)

    def entries(self) -> list[ast.stmt]:
        """Return the statements that Alembic runs in a revision."""
        defined = [self._defined.get(name, []) for name in ("upgrade", "downgrade")]
        return [*self._run, *(each for found in defined for each in found)]

    def all(self) -> list[ast.stmt]:
        """Return every statement."""
        every = (each for found in self._defined.values() for each in found)
        return [*self._run, *every]

    def defining(self, name: str) -> list[ast.stmt]:
        """Return the statements that define a name."""
        return self._defined.get(name, [])

    def used(self, entries: Iterable[ast.stmt]) -> Used:
        """Return some statements, with the definitions that they use."""
        lines: dict[int, str] = {}
        names: set[str] = set()
        texts: set[str] = set()
        waiting = [*entries]
        runs = {id(each) for each in self._run}
        while waiting:
            statement = waiting.pop()
            if id(statement) in lines:
                continue
            lines[id(statement)] = ast.dump(statement)
            for node in ast.walk(statement):
                if isinstance(node, ast.Name):
                    if node.id.startswith(_MARK):
                        names.add(node.id.removeprefix(_MARK))
                    else:
                        waiting += self._defined.get(node.id, ())
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    texts.add(node.value)
        in_order = [lines[id(each)] for each in self._run if id(each) in lines]
        others = sorted(text for key, text in lines.items() if key not in runs)
        return Used((*in_order, *others), frozenset(names), frozenset(texts))


def read_module(data: bytes) -> Module | None:
    """Read a file; None if it cannot be parsed."""
    try:
        with quietly():
            return Module(ast.parse(data))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _imported(tree: ast.Module) -> tuple[dict[str, str], list[str]]:
    """Return what each imported name is in full, and the modules of `import *`.

    A name that something else binds as well is left out: what it is depends on the order.
    """
    found: dict[str, set[str]] = {}
    stars = []
    others = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    name = alias.asname or alias.name.partition(".")[0]
                    found.setdefault(name, set()).add(alias.name if alias.asname else name)
            case ast.ImportFrom(module=module, names=aliases, level=level):
                source = "." * level + (module or "")
                dot = "" if source.endswith(".") else "."
                for alias in aliases:
                    if alias.name == "*":
                        stars.append(source)
                    else:
                        full = f"{source}{dot}{alias.name}"
                        found.setdefault(alias.asname or alias.name, set()).add(full)
            case ast.arg(arg=name):
                others.add(name)
            case ast.alias():
                pass
            case _:
                others.update(bound_names(node))
    if stars:
        return {}, stars
    certain = {name: fulls for name, fulls in found.items() if len(fulls) == 1}
    return {name: full for name, (full,) in certain.items() if name not in others}, []


class _Writer(ast.NodeTransformer):
    """Rewrites a tree so that what runs alike is written alike."""

    def __init__(self, imported: dict[str, str], *, keep_imports: bool) -> None:
        self._imported = imported
        self._keep_imports = keep_imports
        self._in_check = False

    def body(self, statements: Iterable[ast.stmt], *, own: bool = True) -> list[ast.stmt]:
        """Rewrite statements, without those that do nothing.

        Args:
            statements: The statements.
            own: False in a class, whose annotations can mean something.
        """
        found = []
        for each in statements:
            if isinstance(each, ast.AnnAssign) and own:
                if each.value is None:
                    continue
                each = ast.Assign([each.target], each.value, lineno=0)
            if not self._does_nothing(each):
                found.append(self.visit(each))
        return found

    def _does_nothing(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                return True
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                return not statement.orelse
            case ast.ImportFrom(module="__future__"):
                return True
            case ast.Import(names=aliases):
                bound = [each.asname or each.name.partition(".")[0] for each in aliases]
            case ast.ImportFrom(names=aliases):
                bound = [each.asname or each.name for each in aliases]
            case _:
                return False
        return not self._keep_imports and all(each in self._imported for each in bound)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Rewrite the parts of a node."""
        for field, value in ast.iter_fields(node):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                found = self.body(value, own=not isinstance(node, ast.ClassDef))
                setattr(node, field, found or ([ast.Pass()] if field == "body" else []))
        return super().generic_visit(node) if not hasattr(node, "body") else self._parts(node)

    def _parts(self, node: ast.AST) -> ast.AST:
        """Rewrite what a compound node has besides statements."""
        for field, value in ast.iter_fields(node):
            if isinstance(value, list):
                if not (value and isinstance(value[0], ast.stmt)):
                    setattr(node, field, [self._visited(each) for each in value])
            else:
                setattr(node, field, self._visited(value))
        return node

    def _visited(self, value: object) -> object:
        return self.visit(value) if isinstance(value, ast.AST) else value

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Leave out annotations, and a `return` at the end."""
        node.returns = None
        while node.body and self._ends_anyway(node.body[-1]):
            node.body.pop()
        node.body = node.body or [ast.Pass()]
        return self.generic_visit(node)

    def _ends_anyway(self, last: ast.stmt) -> bool:
        return _is_bare_return(last) or self._does_nothing(last)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        """Leave out the annotation."""
        node.annotation = None
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Write an imported name in full."""
        full = self._imported.get(node.id)
        return node if full is None else ast.Name(_MARK + _shortest(full), node.ctx)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Write an attribute of an imported module in full."""
        self.generic_visit(node)
        match node.value:
            case ast.Name(id=owner) if owner.startswith(_MARK):
                full = f"{owner.removeprefix(_MARK)}.{node.attr}"
                return ast.Name(_MARK + _shortest(full), node.ctx)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Write `op.f("x")` as `"x"`, `Integer()` as `Integer`, and keywords in order."""
        before = self._in_check
        self._in_check = before or (_last(node.func) in _CHECKS and not _is_not_a_check(node))
        self.generic_visit(node)
        self._in_check = before
        match node:
            case ast.Call(func=func, args=[ast.Constant(value=str()) as text], keywords=[]) if (
                _is_f(func) and not before
            ):
                return text
            case ast.Call(func=ast.Name(id=name) as func, args=[], keywords=[]) if (
                name.startswith("@sqlalchemy.") and _last(func) in _TYPES
            ):
                return func
            case ast.Call(func=ast.Name(id=name)) if name.startswith(("@sqlalchemy.", "@alembic.")):
                if all(each.arg for each in node.keywords):
                    node.keywords.sort(key=lambda each: each.arg or "")
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Join literal strings."""
        self.generic_visit(node)
        match node:
            case ast.BinOp(
                left=ast.Constant(value=str() as left),
                op=ast.Add(),
                right=ast.Constant(value=str() as right),
            ):
                return ast.Constant(left + right)
        return node


def _shortest(full: str) -> str:
    for prefix in _SQLALCHEMY:
        if full.startswith(prefix):
            return f"sqlalchemy.{full.removeprefix(prefix)}"
    return full


def _last(func: ast.expr) -> str:
    if isinstance(func, ast.Attribute):
        return func.attr
    return func.id.rpartition(".")[2] if isinstance(func, ast.Name) else ""


def _is_f(func: ast.expr) -> bool:
    """Whether this is the `f` of `op`, or of a batch."""
    match func:
        case ast.Name(id="@alembic.op.f"):
            return True
        case ast.Attribute(attr="f", value=ast.Name(id=owner)):
            return not owner.startswith(_MARK)
    return False


def _is_not_a_check(call: ast.Call) -> bool:
    """Whether a constraint of another kind is dropped."""
    return any(
        each.arg == "type_" and isinstance(each.value, ast.Constant) and each.value.value != "check"
        for each in call.keywords
    )


def _is_bare_return(statement: ast.stmt) -> bool:
    match statement:
        case ast.Return(value=None | ast.Constant(value=None)):
            return True
    return False


def _is_head(statement: ast.stmt) -> bool:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name in NAMES
    return False


def _names_of(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement binds in the module, and those that it declares global."""
    for node in module_scope(statement):
        yield from bound_names(node)
    for node in ast.walk(statement):
        if isinstance(node, ast.Global):
            yield from node.names


def _is_dynamic(body: Iterable[ast.stmt]) -> bool:
    """Whether anything may be used without being named."""
    return any(
        isinstance(node, ast.Name) and node.id in _DYNAMIC
        for statement in body
        for node in ast.walk(statement)
    )


def _only_binds(statement: ast.stmt) -> bool:
    """Whether a statement does nothing but give a name to a function, a class or a value."""
    match statement:
        case (
            ast.FunctionDef(decorator_list=[], args=arguments)
            | ast.AsyncFunctionDef(decorator_list=[], args=arguments)
        ):
            defaults = [*arguments.defaults, *(each for each in arguments.kw_defaults if each)]
            return all(_is_plain(each) for each in defaults)
        case ast.ClassDef(decorator_list=[], bases=[], keywords=[], body=body):
            return all(isinstance(each, ast.Pass) or _only_binds(each) for each in body)
        case ast.Assign(targets=[ast.Name()], value=value):
            return _is_plain(value)
    return False


_WITHOUT_EFFECT = frozenset(
    (
        *("@logging.getLogger", "@sqlalchemy.MetaData", "@sqlalchemy.text", "@re.compile"),
        *("@sqlalchemy.table", "@sqlalchemy.column", "@sqlalchemy.Column", "@pathlib.Path"),
        *("@sqlalchemy.sql.table", "@sqlalchemy.sql.column", "@sqlalchemy.sql.text"),
        *("@sqlalchemy.Enum", "@sqlalchemy.dialects.postgresql.ENUM"),
    )
)


def _is_plain(value: ast.expr) -> bool:
    """Whether evaluating an expression has no effect."""
    for node in ast.walk(value):
        match node:
            case ast.Call(func=ast.Name(id=name)):
                if name not in _WITHOUT_EFFECT and name.rpartition(".")[2] not in _TYPES:
                    return False
            case ast.Call() | ast.NamedExpr() | ast.Await() | ast.Yield() | ast.YieldFrom():
                return False
    return True
