"""What `upgrade()` and `downgrade()` make and drop, as far as text tells.

Knows Alembic's operations and how they are written: plain, in a batch, through helper functions
of the same file, as SQL. A call that cannot be read makes the whole function incomplete: nothing
is then concluded from what was not seen.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from revgate.history.effect import Effect, UnreadableSqlError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Effects(NamedTuple):
    """What one function does to the schema."""

    effects: tuple[Effect, ...] = ()
    complete: bool = True
    """False where something was called that could not be read."""


class _UnreadableError(Exception):
    """Something that might do anything."""


# Operations that neither make nor drop anything by name.
_NEUTRAL = frozenset(
    [
        "alter_column",
        "bulk_insert",
        "create_table_comment",
        "drop_table_comment",
        "get_bind",
        "get_context",
        "f",
        "inline_literal",
    ]
)
_CONSTRAINTS = frozenset(
    [
        "create_unique_constraint",
        "create_foreign_key",
        "create_check_constraint",
        "create_primary_key",
        "create_exclude_constraint",
    ]
)
_ENUMS = ("Enum", "ENUM")
_HARMLESS = frozenset(
    [
        "print",
        "debug",
        "info",
        "warning",
        "warn",
        "error",
        "critical",
        "log",
        "exception",
        "get_bind",
        "table",
        "column",
        "text",
        "Table",
        "Column",
        "MetaData",
        "String",
        "Integer",
        "Text",
        "Boolean",
        "inspect",
        "getLogger",
        "len",
        "str",
        "int",
        "tuple",
        "list",
        "dict",
        "set",
        "sorted",
        "range",
        "upper",
        "lower",
        "format",
        "join",
        "strip",
        "commit",
        "flush",
        "close",
        "append",
    ]
)
_HARMLESS_VALUES = _HARMLESS.union(_ENUMS)
_DEEPEST = 5


def read_effects(
    tree: ast.Module, names: Iterable[str], *, enums: bool = True
) -> Iterator[Effects]:
    """Read what some functions of a module make and drop, one after the other.

    Args:
        tree: The module.
        names: Of the functions: `upgrade`, `downgrade`.
        enums: False where the file does not speak of enum types, so that none need be looked for.
    """
    functions = {
        statement.name: statement
        for statement in tree.body
        if isinstance(statement, ast.FunctionDef)
    }
    assignments = [each for each in tree.body if isinstance(each, ast.Assign)]
    for name in names:
        if name not in functions:
            yield Effects(complete=False)
            continue
        reader = _Reader(functions, enums=enums)
        for statement in assignments:
            reader.remember(statement)
        reader.read(functions[name].body, 0)
        yield Effects(tuple(reader.effects), reader.complete)


class _Reader:
    """Goes through a function's statements in order."""

    def __init__(self, functions: dict[str, ast.FunctionDef], *, enums: bool) -> None:
        self.functions = functions
        self.may_have_enums = enums
        self.effects: list[Effect] = []
        self.complete = True
        self.enums: dict[str, ast.Call] = {}
        """Enum types by the variable that holds them."""
        self.texts: dict[str, str] = {}
        """Literal strings by the variable that holds them."""
        self.batches: dict[str, str] = {}
        """Tables by the variable of their batch."""

    def read(self, body: list[ast.stmt], depth: int) -> None:
        """Read statements; each that cannot be read makes the function incomplete."""
        for statement in body:
            try:
                self._statement(statement, depth)
            except (_UnreadableError, UnreadableSqlError):
                self.complete = False

    def remember(self, statement: ast.Assign) -> None:
        """Keep what a later statement may name."""
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
                if _called(call) in _ENUMS:
                    self.enums[name] = call
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str() as text)):
                self.texts[name] = text

    def _statement(self, statement: ast.stmt, depth: int) -> None:
        # Nearly every statement is a call; `match` takes three times as long to say so.
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            self._call(statement.value, depth)
            return
        match statement:
            case ast.Expr(value=ast.Constant()) | ast.Pass() | ast.Import() | ast.ImportFrom():
                return
            case ast.Assign(value=value):
                self.remember(statement)
                self._harmless(value)
            case ast.With(items=[ast.withitem(context_expr=ast.Call() as call) as item]):
                self._with(call, item.optional_vars, statement.body, depth)
            case ast.Return(value=None):
                return
            case _:
                # Branches and loops: what is inside may happen, or not, or often.
                raise _UnreadableError

    def _with(
        self, call: ast.Call, variable: ast.expr | None, body: list[ast.stmt], depth: int
    ) -> None:
        match _called(call), variable:
            case "batch_alter_table", ast.Name(id=name):
                self.batches[name] = _qualified(self._argument(call, 0, "table_name"), call)
            case "autocommit_block", _:
                pass
            case _:
                raise _UnreadableError
        self.read(body, depth)

    def _harmless(self, value: ast.expr) -> None:
        for node in ast.walk(value):
            if isinstance(node, ast.Call) and _called(node) not in _HARMLESS_VALUES:
                raise _UnreadableError

    def _call(self, call: ast.Call, depth: int) -> None:
        function = call.func
        if (  # as above: nearly every call is one of `op`
            isinstance(function, ast.Attribute)
            and isinstance(function.value, ast.Name)
            and function.value.id == "op"
        ):
            self._add(self._operation(function.attr, call, None), call)
            return
        match function:
            case ast.Name(id=name) if name in self.functions:
                self._helper(name, call, depth)
            case ast.Name(id=name) if name in _HARMLESS:
                self._harmless(call)
            case ast.Attribute(value=ast.Name(id=batch), attr=name) if batch in self.batches:
                self._add(self._operation(name, call, self.batches[batch]), call)
            case ast.Attribute(attr="create" | "drop" as name, value=owner):
                self.effects.append(self._enum(name, owner, call))
            case ast.Attribute(attr="execute"):
                self._add(self._operation("execute", call, None), call)
            case ast.Attribute(attr=name) if name in _HARMLESS:
                self._harmless(call)
            case _:
                raise _UnreadableError

    def _add(self, effects: Iterable[Effect], call: ast.Call) -> None:
        line, column = call.lineno, call.col_offset + 1
        for action, kind, key, of, _, _, columns in effects:
            # What `_replace` does, in a third of the time; one by one, since the next may be
            # unreadable.
            self.effects.append(Effect(action, kind, key, of, line, column, columns))

    def _helper(self, name: str, call: ast.Call, depth: int) -> None:
        function = self.functions[name]
        if call.args or call.keywords or function.args.args or depth >= _DEEPEST:
            raise _UnreadableError
        self.read(function.body, depth + 1)

    def _enum(self, action: str, owner: ast.expr, call: ast.Call) -> Effect:
        """Read `sa.Enum(..., name="status").create(op.get_bind())`, of a variable too."""
        if isinstance(owner, ast.Name) and owner.id in self.enums:
            owner = self.enums[owner.id]
        if not isinstance(owner, ast.Call) or _called(owner) not in _ENUMS:
            raise _UnreadableError
        name = _enum_name(owner)
        if name is None:
            raise _UnreadableError
        checked = any(
            keyword.arg == "checkfirst" and not _is_false(keyword.value)
            for keyword in call.keywords
        )
        # A type that a checked `drop` finds gone was, as likely as not, made by this revision.
        action = "touch" if checked and action == "drop" else action
        return Effect(action, "type", name, "", call.lineno, call.col_offset + 1)

    def _operation(self, name: str, call: ast.Call, batch: str | None) -> Iterator[Effect]:
        if name == "create_table":
            yield from self._create_table(call)
        elif name == "drop_table":
            yield Effect(_drop_action(call), "table", self._table(call, 0, "table_name"))
        elif name == "rename_table":
            old = self._table(call, 0, "old_table_name")
            yield Effect("drop", "table", old)
            yield Effect("create", "table", self._table(call, 1, "new_table_name"), old)
        elif name == "execute":
            from revgate.history.sql import read_sql

            yield from read_sql(self._text(call))
        elif name in ("add_column", "drop_column"):
            yield self._column(name, call, batch)
        elif name == "alter_column":
            yield from self._renamed(call, batch)
        elif name in ("create_index", "drop_index"):
            yield self._index(name, call, batch)
        elif name in _CONSTRAINTS or name == "drop_constraint":
            yield self._constraint(name, call, batch)
        elif name not in _NEUTRAL:
            raise _UnreadableError

    def _create_table(self, call: ast.Call) -> Iterator[Effect]:
        yield Effect(_create_action(call), "table", self._table(call, 0, "table_name"))
        for argument in call.args[1:]:
            # `*audit_columns()`: whatever it adds goes with the table, unless it is a type.
            if isinstance(argument, ast.Starred) and not self._only_columns(argument.value):
                self.complete = False
            if self.may_have_enums:
                yield from self._types(argument)

    def _only_columns(self, value: ast.expr) -> bool:
        match value:
            case ast.Call(func=ast.Name(id=name)) if name in self.functions:
                return not any(
                    isinstance(node, ast.Call) and _called(node) in _ENUMS
                    for node in ast.walk(self.functions[name])
                )
        return False

    def _types(self, argument: ast.expr) -> Iterator[Effect]:
        """Yield the enum types that a table brings along; `drop_table` leaves them behind."""
        for node in ast.walk(argument):
            if isinstance(node, ast.Name) and node.id in self.enums:
                node = self.enums[node.id]
            if isinstance(node, ast.Call) and _called(node) in _ENUMS and _makes_type(node):
                name = _enum_name(node)
                if name is None:
                    self.complete = False
                else:
                    yield Effect("create", "type", name)

    def _column(self, name: str, call: ast.Call, batch: str | None) -> Effect:
        table = batch if batch is not None else self._table(call, 0, "table_name")
        at = 0 if batch is not None else 1
        if name == "drop_column":
            return Effect(
                _drop_action(call), "column", self._string(call, at, "column_name"), table
            )
        match self._argument(call, at, "column"):
            case ast.Call() as column if _called(column) == "Column" and column.args:
                written = _constant(column.args[0])
                if written is not None:
                    return Effect(_create_action(call), "column", written, table)
        raise _UnreadableError

    def _renamed(self, call: ast.Call, batch: str | None) -> Iterator[Effect]:
        for keyword in call.keywords:
            if keyword.arg == "new_column_name":
                table = batch if batch is not None else self._table(call, 0, "table_name")
                at = 0 if batch is not None else 1
                new = _constant(keyword.value)
                if new is None:
                    raise _UnreadableError
                yield Effect("drop", "column", self._string(call, at, "column_name"), table)
                yield Effect("create", "column", new, table)

    def _index(self, name: str, call: ast.Call, batch: str | None) -> Effect:
        index = self._name(call, "index_name")
        if name == "drop_index":
            return Effect(_drop_action(call), "index", index, batch or "")
        table = batch if batch is not None else self._table(call, 1, "table_name")
        columns = self._argument(call, 1 if batch is not None else 2, "columns")
        return Effect(_create_action(call), "index", index, table, columns=_strings(columns))

    def _constraint(self, name: str, call: ast.Call, batch: str | None) -> Effect:
        constraint = self._name(call, "constraint_name")
        keyword = "source_table" if name == "create_foreign_key" else "table_name"
        table = batch if batch is not None else self._table(call, 1, keyword)
        action = _drop_action(call) if name == "drop_constraint" else "create"
        at = {"create_unique_constraint": 2, "create_primary_key": 2, "create_foreign_key": 3}
        columns: tuple[str, ...] = ()
        if name in at and batch is None:
            keyword = "local_cols" if name == "create_foreign_key" else "columns"
            columns = _strings(self._argument(call, at[name], keyword, absent=True))
        return Effect(action, "constraint", constraint, table, columns=columns)

    def _text(self, call: ast.Call) -> str:
        """Return the literal SQL of `op.execute("...")`, also within `sa.text("...")`."""
        written = self._argument(call, 0, "sqltext")
        match written:
            case ast.Call(args=[inner, *_]) if _called(written) in ("text", "DDL", "dedent"):
                written = inner
        if isinstance(written, ast.Name) and written.id in self.texts:
            return self.texts[written.id]
        text = _constant(written)
        if text is None:
            raise _UnreadableError
        return text

    def _name(self, call: ast.Call, keyword: str) -> str | None:
        """Return a name that may be None, or wrapped in `op.f(...)`."""
        written = self._argument(call, 0, keyword)
        match written:
            case ast.Constant(value=None):
                return None
            case ast.Call(args=[inner]) if _called(written) == "f":
                written = inner
        name = _constant(written)
        if name is None:
            raise _UnreadableError
        return name

    def _string(self, call: ast.Call, at: int, keyword: str) -> str:
        text = _constant(self._argument(call, at, keyword))
        if text is None:
            raise _UnreadableError
        return text

    def _table(self, call: ast.Call, at: int, keyword: str) -> str:
        return _qualified(self._argument(call, at, keyword), call)

    def _argument(self, call: ast.Call, at: int, keyword: str, *, absent: bool = False) -> ast.expr:
        for argument in call.args[: at + 1]:
            if isinstance(argument, ast.Starred):
                raise _UnreadableError
        if at < len(call.args):
            return call.args[at]
        for each in call.keywords:
            if each.arg == keyword:
                return each.value
        if absent:
            return ast.Constant(None)
        raise _UnreadableError


def _called(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _constant(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def _strings(node: ast.expr) -> tuple[str, ...]:
    if isinstance(node, ast.List | ast.Tuple):
        return tuple([text for item in node.elts if (text := _constant(item)) is not None])
    return ()


def _qualified(node: ast.expr, call: ast.Call) -> str:
    """Return a table's name with its schema, as SQL would name it."""
    name = _constant(node)
    if name is None:
        raise _UnreadableError
    for keyword in call.keywords:
        if keyword.arg == "schema":
            return _in_schema(name, keyword.value)
    return name


def _in_schema(name: str, schema: ast.expr) -> str:
    if isinstance(schema, ast.Constant) and schema.value in (None, "public"):
        return name
    written = _constant(schema)
    if written is None:
        raise _UnreadableError
    return f"{written}.{name}"


def _enum_name(call: ast.Call) -> str | None:
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    name = _constant(keywords["name"]) if "name" in keywords else None
    schema = _constant(keywords["schema"]) if "schema" in keywords else None
    if not (name and schema):
        return name
    from revgate.history.sql import plain

    return plain(f'"{schema}"."{name}"')


def _makes_type(call: ast.Call) -> bool:
    return not any(
        keyword.arg in ("create_type", "native_enum") and _is_false(keyword.value)
        for keyword in call.keywords
    )


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _create_action(call: ast.Call) -> str:
    return "touch" if "if_not_exists" in [each.arg for each in call.keywords] else "create"


def _drop_action(call: ast.Call) -> str:
    return "touch" if "if_exists" in [each.arg for each in call.keywords] else "drop"
