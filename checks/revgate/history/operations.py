"""Reads which objects `upgrade()` and `downgrade()` create and drop.

Understands Alembic's operations, batches, helper functions in the same file, and literal SQL. A
call that cannot be read marks the whole function as incomplete, so that nothing is concluded from
what was not seen.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from revgate.history.enums import (
    ENUMS,
    enum_name,
    is_false,
    is_for_mysql,
    is_of_mysql,
    makes_type,
    type_of_a_table,
)
from revgate.history.revision import ANY_COLUMN, Effect, Effects, UnknownEffectError
from revgate.history.syntax import called_name, literal_string, literal_strings
from revgate.history.variables import Variables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


# Operations that neither create nor drop a named object.
_NEUTRAL = frozenset(
    (
        *("alter_column", "bulk_insert", "create_table_comment", "drop_table_comment"),
        *("get_bind", "get_context", "f", "inline_literal"),
    )
)
_CONSTRAINTS = frozenset(
    (
        *("create_unique_constraint", "create_foreign_key", "create_check_constraint"),
        *("create_primary_key", "create_exclude_constraint"),
    )
)
_CONSTRAINT_TYPES = {
    "create_unique_constraint": "unique",
    "create_foreign_key": "foreignkey",
    "create_check_constraint": "check",
    "create_primary_key": "primary",
}
# Arguments of an index that may mention further columns.
_DEPENDS = re.compile(r"_where$|_include$|\*\*|_ops$")
_HARMLESS = frozenset(
    (
        *("print", "debug", "info", "warning", "warn", "error", "critical", "log", "exception"),
        *("get_bind", "table", "column", "text", "Table", "Column", "MetaData"),
        *("String", "Integer", "Text", "Boolean", "inspect", "getLogger"),
        *("len", "str", "int", "tuple", "list", "dict", "set", "sorted", "range"),
        *("upper", "lower", "format", "join", "strip", "commit", "flush", "close", "append"),
    )
)
_HARMLESS_VALUES = _HARMLESS.union(ENUMS)
_DEEPEST = 5


def read_effects(
    tree: ast.Module, names: Iterable[str], *, enums: bool = True
) -> Iterator[Effects]:
    """Read what some functions of a module create and drop, one after the other.

    Args:
        tree: The module.
        names: The names of the functions.
        enums: False if the file mentions no enum type, so that none are searched for.
    """
    enums = enums and not is_for_mysql(tree.body)
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
            reader.variables.assign(statement)
        reader.read(functions[name].body, 0)
        yield Effects(tuple(reader.effects), reader.complete)


class _Reader:
    """Reads the statements of a function in order."""

    def __init__(self, functions: dict[str, ast.FunctionDef], *, enums: bool) -> None:
        self.functions = functions
        self.may_have_enums = enums
        self.effects: list[Effect] = []
        self.complete = True
        self.variables = Variables()
        self.batches: dict[str, str] = {}
        """Tables by the variable of their batch operation."""

    def read(self, body: list[ast.stmt], depth: int) -> None:
        """Read statements; one that cannot be read marks the function as incomplete."""
        for statement in body:
            try:
                self._statement(statement, depth)
            except UnknownEffectError:
                self.complete = False

    def _statement(self, statement: ast.stmt, depth: int) -> None:
        # Nearly every statement is a call, and `match` takes three times as long to find out.
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            self._call(statement.value, depth)
            return
        match statement:
            case ast.Expr(value=ast.Constant()) | ast.Pass() | ast.Import() | ast.ImportFrom():
                return
            case ast.Assign(value=value):
                self.variables.assign(statement)
                if not (isinstance(value, ast.Call) and called_name(value) == "Column"):
                    self._harmless(value)
            case ast.With(items=[ast.withitem(context_expr=ast.Call() as call) as item]):
                self._with(call, item.optional_vars, statement.body, depth)
            case ast.Return(value=None):
                return
            case _:
                # A branch or loop: its body may run any number of times.
                raise UnknownEffectError

    def _with(
        self, call: ast.Call, variable: ast.expr | None, body: list[ast.stmt], depth: int
    ) -> None:
        match called_name(call), variable:
            case "batch_alter_table", ast.Name(id=name):
                self.batches[name] = _qualified(self._argument(call, 0, "table_name"), call)
            case "autocommit_block", _:
                pass
            case _:
                raise UnknownEffectError
        self.read(body, depth)

    def _harmless(self, value: ast.expr) -> None:
        for node in ast.walk(value):
            if isinstance(node, ast.Call) and called_name(node) not in _HARMLESS_VALUES:
                raise UnknownEffectError

    def _call(self, call: ast.Call, depth: int) -> None:
        function = call.func
        if (  # as above: nearly every call is a method of `op`
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
                raise UnknownEffectError

    def _add(self, effects: Iterable[Effect], call: ast.Call) -> None:
        line, column = call.lineno, call.col_offset + 1
        for action, kind, key, of, _, _, columns, form in effects:
            # Like `_replace`, in a third of the time; one by one, since the next may raise.
            self.effects.append(Effect(action, kind, key, of, line, column, columns, form))

    def _helper(self, name: str, call: ast.Call, depth: int) -> None:
        function = self.functions[name]
        if call.args or call.keywords or function.args.args or depth >= _DEEPEST:
            raise UnknownEffectError
        self.read(function.body, depth + 1)

    def _enum(self, action: str, owner: ast.expr, call: ast.Call) -> Effect:
        """Read `sa.Enum(..., name="status").create(op.get_bind())`, also on a variable."""
        owner = self.variables.value(owner)
        if not isinstance(owner, ast.Call) or called_name(owner) not in ENUMS:
            raise UnknownEffectError
        name = enum_name(owner)
        if name is None or is_of_mysql(owner):
            raise UnknownEffectError
        checked = any(
            keyword.arg == "checkfirst" and not is_false(keyword.value) for keyword in call.keywords
        )
        # With `checkfirst`, `drop` may find the type gone: the effect is uncertain.
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

            yield from (
                each._replace(form=each.form or "sql") for each in read_sql(self._text(call))
            )
        elif name in ("add_column", "drop_column"):
            yield self._column(name, call, batch)
        elif name == "alter_column":
            yield from self._renamed(call, batch)
        elif name in ("create_index", "drop_index"):
            yield self._index(name, call, batch)
        elif name in _CONSTRAINTS or name == "drop_constraint":
            yield self._constraint(name, call, batch)
        elif name not in _NEUTRAL:
            raise UnknownEffectError

    def _create_table(self, call: ast.Call) -> Iterator[Effect]:
        table = self._table(call, 0, "table_name")
        yield Effect(_create_action(call), "table", table)
        for argument in call.args[1:]:
            # `*audit_columns()`: what it adds is dropped with the table, unless it is a type.
            if isinstance(argument, ast.Starred) and not self._only_columns(argument.value):
                self.complete = False
            if self.may_have_enums:
                yield from self._types(argument, table.rpartition(".")[0])

    def _only_columns(self, value: ast.expr) -> bool:
        match value:
            case ast.Call(func=ast.Name(id=name)) if name in self.functions:
                return not any(
                    isinstance(node, ast.Call) and called_name(node) in ENUMS
                    for node in ast.walk(self.functions[name])
                )
        return False

    def _types(self, argument: ast.expr, schema: str) -> Iterator[Effect]:
        """Yield the enum types that a table creates; `drop_table` does not drop them."""
        for node in self.variables.within(argument):
            if isinstance(node, ast.Call) and called_name(node) in ENUMS and makes_type(node):
                name = enum_name(node)
                if name is None:
                    self.complete = False
                else:
                    yield type_of_a_table(name, node, schema)

    def _column(self, name: str, call: ast.Call, batch: str | None) -> Effect:
        table = batch if batch is not None else self._table(call, 0, "table_name")
        at = 0 if batch is not None else 1
        if name == "drop_column":
            return Effect(
                _drop_action(call), "column", self._string(call, at, "column_name"), table
            )
        match self.variables.value(self._argument(call, at, "column")):
            case ast.Call() as column if called_name(column) == "Column" and column.args:
                key = literal_string(column.args[0])
                if key is not None:
                    return Effect(_create_action(call), "column", key, table)
        raise UnknownEffectError

    def _renamed(self, call: ast.Call, batch: str | None) -> Iterator[Effect]:
        for keyword in call.keywords:
            if keyword.arg == "new_column_name":
                table = batch if batch is not None else self._table(call, 0, "table_name")
                at = 0 if batch is not None else 1
                new = literal_string(keyword.value)
                if new is None:
                    raise UnknownEffectError
                yield Effect("drop", "column", self._string(call, at, "column_name"), table)
                yield Effect("create", "column", new, table)

    def _index(self, name: str, call: ast.Call, batch: str | None) -> Effect:
        index, form = self._name(call, "index_name")
        if name == "drop_index":
            return Effect(_drop_action(call), "index", index, batch or "")
        table = batch if batch is not None else self._table(call, 1, "table_name")
        written = self._argument(call, 1 if batch is not None else 2, "columns")
        columns = _all_of(written)
        if any(_DEPENDS.search(each.arg or "**") for each in call.keywords):
            columns = (*columns, ANY_COLUMN)
        return Effect(_create_action(call), "index", index, table, columns=columns, form=form)

    def _constraint(self, name: str, call: ast.Call, batch: str | None) -> Effect:
        constraint, form = self._name(call, "constraint_name")
        keyword = "source_table" if name == "create_foreign_key" else "table_name"
        table = batch if batch is not None else self._table(call, 1, keyword)
        action = _drop_action(call) if name == "drop_constraint" else "create"
        at = {"create_unique_constraint": 2, "create_primary_key": 2, "create_foreign_key": 3}
        columns: tuple[str, ...] = (ANY_COLUMN,)
        if name in at and batch is None:
            keyword = "local_cols" if name == "create_foreign_key" else "columns"
            columns = _all_of(self._argument(call, at[name], keyword, absent=True))
        if name == "create_check_constraint":
            columns = self._mentioned(call, 1 if batch is not None else 2)
        form = f"{form}{_CONSTRAINT_TYPES.get(name, '')}"
        return Effect(action, "constraint", constraint, table, columns=columns, form=form)

    def _mentioned(self, call: ast.Call, at: int) -> tuple[str, ...]:
        """Return the names in the condition of a CHECK, among them its columns."""
        text = literal_string(self._argument(call, at, "condition", absent=True))
        return (ANY_COLUMN,) if text is None else tuple(re.findall(r"\w+", text))

    def _text(self, call: ast.Call) -> str:
        """Return the literal SQL of `op.execute("...")`, also in `sa.text("...")`."""
        written = self._argument(call, 0, "sqltext")
        match written:
            case ast.Call(args=[inner, *_]) if called_name(written) in ("text", "DDL", "dedent"):
                written = inner
        known = self.variables.text(written.id) if isinstance(written, ast.Name) else None
        text = literal_string(written) if known is None else known
        if text is None:
            raise UnknownEffectError
        return text

    def _name(self, call: ast.Call, keyword: str) -> tuple[str | None, str]:
        """Return a name that may be None; and `f ` if it is wrapped in `op.f(...)`."""
        written, form = self._argument(call, 0, keyword), ""
        match written:
            case ast.Constant(value=None):
                return None, ""
            case ast.Call(args=[inner]) if called_name(written) == "f":
                written, form = inner, "f "
        name = literal_string(written)
        if name is None:
            raise UnknownEffectError
        return name, form

    def _string(self, call: ast.Call, at: int, keyword: str) -> str:
        text = literal_string(self._argument(call, at, keyword))
        if text is None:
            raise UnknownEffectError
        return text

    def _table(self, call: ast.Call, at: int, keyword: str) -> str:
        return _qualified(self._argument(call, at, keyword), call)

    def _argument(self, call: ast.Call, at: int, keyword: str, *, absent: bool = False) -> ast.expr:
        for argument in call.args[: at + 1]:
            if isinstance(argument, ast.Starred):
                raise UnknownEffectError
        if at < len(call.args):
            return call.args[at]
        for each in call.keywords:
            if each.arg == keyword:
                return each.value
        if absent:
            return ast.Constant(None)
        raise UnknownEffectError


def _qualified(node: ast.expr, call: ast.Call) -> str:
    """Return the name of a table with its schema, as in SQL."""
    name = literal_string(node)
    if name is None:
        raise UnknownEffectError
    for keyword in call.keywords:
        if keyword.arg in ("schema", "source_schema"):
            return _in_schema(name, keyword.value)
    return name


def _in_schema(name: str, schema: ast.expr) -> str:
    if isinstance(schema, ast.Constant) and schema.value in (None, "public"):
        return name
    written = literal_string(schema)
    if written is None:
        raise UnknownEffectError
    return f"{written}.{name}"


def _all_of(written: ast.expr) -> tuple[str, ...]:
    """Return the columns of a list; what is not a literal may be any column."""
    columns = literal_strings(written)
    whole = isinstance(written, ast.List | ast.Tuple) and len(written.elts) == len(columns)
    return columns if whole else (*columns, ANY_COLUMN)


def _create_action(call: ast.Call) -> str:
    return "touch" if "if_not_exists" in [each.arg for each in call.keywords] else "create"


def _drop_action(call: ast.Call) -> str:
    return "touch" if "if_exists" in [each.arg for each in call.keywords] else "drop"
