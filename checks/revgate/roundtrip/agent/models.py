"""The models of env.py's `target_metadata`: how they differ from the database, and their DDL.

Nothing is written to the database.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

from .failures import describe

if TYPE_CHECKING:
    from collections.abc import Iterator


def compare(context: Any) -> dict[str, Any] | None:
    """Compare the models with the database that a context is on.

    Returns:
        None if env.py names no metadata. Else `tables`: schema and name of each table that env.py
        does not filter out. `differences`: Alembic's comparison, a dictionary for each operation;
        None if it raises. `problem`: what it raised, at first. `ddl` (see there), `schemas`,
        `enums`: what the models' tables consist of. `classes`: file and line of each mapped class.
        `defaults`: whether they may be compared, since env.py has no function of its own for that.
        The default schema is named like any other.
    """
    metadata = _all(context.opts.get("target_metadata"))
    if not metadata:
        return None
    default = context.dialect.default_schema_name or "public"
    tables = [table for each in metadata for table in each.tables.values()]
    kept = [table for table in tables if _is_kept(table, context.opts)]
    differences, problem = _compared(context, default)
    return {
        "default_schema": default,
        "defaults": not callable(context.opts.get("compare_server_default")),
        "tables": [[table.schema or default, table.name] for table in kept],
        "differences": differences,
        "problem": problem,
        "ddl": ddl(context),
        "schemas": sorted({table.schema for table in tables if table.schema}),
        "enums": sorted(_enums(tables, default)),
        "classes": list(_classes(kept, default)),
    }


def mapped(context: Any) -> list[list[Any]] | None:
    """Return what the models name: schema, name and columns of each table; None without metadata.

    A column is its name, whether it can be null, and whether inserts leave it to the database.
    """
    metadata = _all(context.opts.get("target_metadata"))
    default = context.dialect.default_schema_name or "public"
    tables = [table for each in metadata for table in each.tables.values()]
    described = [
        [
            table.schema or default,
            table.name,
            [[str(each.name), bool(each.nullable), _is_omitted(each)] for each in table.columns],
        ]
        for table in tables
    ]
    return described if metadata else None


def _is_omitted(column: Any) -> bool:
    """Tell whether an insert that is not given a value leaves the column out."""
    if column.server_default is not None or column.computed is not None:
        return True
    if getattr(column, "identity", None) is not None:
        return True
    counts = column is column.table._autoincrement_column
    return bool(counts) and column.default is None


def _all(target: Any) -> list[Any]:
    """Return each metadata that env.py names: none, one, or several."""
    if target is None:
        return []
    return list(target) if isinstance(target, (list, tuple, set)) else [target]


def _is_kept(table: Any, opts: dict[str, Any]) -> bool:
    include = opts.get("include_object")
    return include is None or bool(
        include(table, table.name, "table", False, None)  # noqa: FBT003 - Alembic's signature
    )


# -- Alembic's comparison ------------------------------------------------------------------------


def _compared(context: Any, default: str) -> tuple[list[dict[str, Any]] | None, str]:
    """Compare, and if that raises, compare without defaults, then without types as well.

    PostgreSQL has no equality for some types, `json` for one, and Alembic compares defaults by it.
    """
    problem = ""
    for less in ((), ("server_default",), ("server_default", "type")):
        for aspect in less:
            setattr(context, f"_user_compare_{aspect}", False)
        try:
            return list(_differences(context, default)), problem
        except Exception as error:  # noqa: BLE001 - hooks of the user, plugins, and SQL
            described = describe(error)
            problem = problem or f"{described['error']}: {described['message']}"
            context.connection.connection.rollback()
    return None, problem


def _differences(context: Any, default: str) -> Iterator[dict[str, Any]]:
    from alembic.autogenerate.api import AutogenContext, produce_migrations

    script = produce_migrations(context, context.opts["target_metadata"])
    rendering = AutogenContext(context, autogenerate=False)
    rendering.imports = set()
    for operation in _leaves(script.upgrade_ops):
        yield {
            "operation": type(operation).__name__,
            "schema": _first(operation, "schema", "source_schema") or default,
            "table": _first(operation, "table_name", "source_table") or "",
            "name": _name(operation),
            "altered": _altered(operation),
            "code": _code(rendering, operation),
        }


def _leaves(operations: Any) -> Iterator[Any]:
    for operation in operations.ops:
        if hasattr(operation, "ops"):
            yield from _leaves(operation)
        else:
            yield operation


def _first(operation: Any, *names: str) -> Any:
    return next((getattr(operation, name) for name in names if hasattr(operation, name)), None)


def _name(operation: Any) -> str:
    """Return the name of the column, index, constraint or other object of an operation."""
    column = getattr(operation, "column", None)
    if column is not None:
        return str(column.name)
    names = ("column_name", "index_name", "constraint_name", "name", "enum_name")
    return str(_first(operation, *names) or "")


def _altered(operation: Any) -> list[str]:
    """Return what changes about a column: `type`, `nullability`, `default`, `comment`."""
    if type(operation).__name__ != "AlterColumnOp":
        return []
    aspects = {
        "type": operation.modify_type is not None,
        "nullability": operation.modify_nullable is not None,
        "default": operation.modify_server_default is not False,
        "comment": operation.modify_comment is not False,
    }
    return [aspect for aspect, is_altered in aspects.items() if is_altered]


def _code(rendering: Any, operation: Any) -> str:
    """Return the line of a revision that would resolve a difference."""
    from alembic.autogenerate.render import render_op_text

    try:
        text = str(render_op_text(rendering, operation))
    except Exception:  # noqa: BLE001 - calls render_item, a hook of the user's
        return ""
    return re.sub(r"(?<=[(\[])\s+|\s+(?=[)\]])", "", " ".join(text.split()))


# -- DDL of the models ---------------------------------------------------------------------------


def ddl(context: Any, selected: list[list[str]] | None = None) -> list[dict[str, Any]]:
    """Return the statements of `create_all`, in order, without executing them.

    Args:
        context: Alembic's migration context.
        selected: Schema and name of the tables; None for all.

    Returns:
        For each, `sql`, and `enum`: schema and name of the enum that it creates, if any.
    """
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.engine.mock import MockConnection

    default = context.dialect.default_schema_name or "public"
    # With pyformat, a percent sign in a CHECK would be written twice.
    dialect: Any = getattr(postgresql, "dialect")(paramstyle="named")  # noqa: B009 - untyped
    statements: dict[str, dict[str, Any]] = {}

    def note(statement: Any, *_arguments: Any, **_keywords: Any) -> None:
        is_text = isinstance(statement, str)
        text = str(statement if is_text else statement.compile(dialect=dialect)).strip()
        enum = None
        if type(statement).__name__ == "CreateEnumType":
            enum = [statement.element.schema or default, statement.element.name]
        statements[text] = {"sql": text, "enum": enum}  # two metadata may share an enum

    connection = MockConnection(dialect, note)
    for metadata in _all(context.opts.get("target_metadata")):
        tables = None
        if selected is not None:
            every = metadata.tables.values()
            tables = [each for each in every if [each.schema or default, each.name] in selected]
        metadata.create_all(connection, tables=tables, checkfirst=False)
    return list(statements.values())


def _enums(tables: list[Any], default: str) -> Iterator[list[str]]:
    from sqlalchemy import Enum

    for table in tables:
        for column in table.columns:
            kind = getattr(column.type, "item_type", column.type)  # of an array
            if isinstance(kind, Enum) and kind.native_enum and kind.name:
                yield [kind.schema or default, kind.name]


def _classes(tables: list[Any], default: str) -> Iterator[dict[str, Any]]:
    """Yield file and line of the class mapped to each table, and the lines of its columns."""
    unmapped = {id(table): table for table in tables}
    for mapper in _mappers():
        table = unmapped.pop(id(mapper.local_table), None)
        place = None if table is None else _place(mapper, table)
        if place:
            yield dict(place, schema=table.schema or default, table=table.name)


def _mappers() -> Iterator[Any]:
    try:
        from sqlalchemy.orm import mapperlib
    except ImportError:
        return
    for registry in mapperlib._all_registries():
        yield from registry.mappers


def _place(mapper: Any, table: Any) -> dict[str, Any] | None:
    try:
        path = inspect.getsourcefile(mapper.class_)
        lines, first = inspect.getsourcelines(mapper.class_)
    except (OSError, TypeError):
        return None
    # A column that a mixin declares is reported at the class.
    attributes = {
        column.name: attribute.key
        for attribute in mapper.column_attrs
        for column in attribute.columns
        if column.table is table
    }
    columns = {}
    for name, attribute in attributes.items():
        pattern = re.compile(r"\s+" + re.escape(attribute) + r"\s*[:=]")
        number = next((n for n, line in enumerate(lines) if pattern.match(line)), None)
        if number is not None:
            columns[name] = first + number
    return {"path": path, "line": first, "columns": columns}
