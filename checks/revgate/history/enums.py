"""Reads which types the enums in a revision file create."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from revgate.history.revision import Effect
from revgate.history.syntax import literal_string

if TYPE_CHECKING:
    from collections.abc import Iterator

ENUMS = ("Enum", "ENUM")
_MYSQL, _POSTGRESQL = "sqlalchemy.dialects.mysql.", "sqlalchemy.dialects.postgresql."
UNSURE = "perhaps in "
"""Begins the form of a type that may have been created in the schema of its table instead."""


def is_for_mysql(body: list[ast.stmt]) -> bool:
    """Whether a file is written for MySQL, where no enum is a type of its own.

    It imports the dialect of MySQL: without that of PostgreSQL, or so that an enum of either looks
    the same.
    """
    names = [each for statement in body for each in _imported(statement)]
    of_mysql = [each for each in names if _MYSQL in f"{each[0]}."]
    unclear = any(bound in ("ENUM", "*") or not bound for _, bound in of_mysql)
    return bool(of_mysql) and (unclear or not any(_POSTGRESQL in f"{each[0]}." for each in names))


def _imported(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    """Yield the full names that a statement imports, and the names they get; empty for an alias."""
    match statement:
        case ast.Import(names=aliases):
            yield from ((each.name, "" if each.asname else each.name) for each in aliases)
        case ast.ImportFrom(module=module, names=aliases):
            for each in aliases:
                yield f"{module}.{each.name}", "" if each.asname else each.name


def enum_name(call: ast.Call) -> str | None:
    """Return the name of an enum type with its schema; None if it cannot be read."""
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    name = literal_string(keywords["name"]) if "name" in keywords else None
    schema = literal_string(keywords["schema"]) if "schema" in keywords else None
    if not (name and schema):
        return name
    from revgate.history.sql import plain

    return plain(f'"{schema}"."{name}"')


def type_of_a_table(name: str, enum: ast.Call, schema: str) -> Effect:
    """Return the type that a column creates; its schema may depend on SQLAlchemy's version."""
    keywords = {keyword.arg: keyword.value for keyword in enum.keywords}
    if not schema or "schema" in keywords:
        return Effect("create", "type", name)
    inherits = keywords.get("inherit_schema")
    if isinstance(inherits, ast.Constant) and inherits.value is True:
        return Effect("create", "type", f"{schema}.{name}")
    form = "" if inherits is not None and is_false(inherits) else f"{UNSURE}{schema}"
    return Effect("create", "type", name, form=form)


def is_of_mysql(call: ast.Call) -> bool:
    """Whether it is `mysql.ENUM(...)`, which creates no type."""
    function = call.func
    return isinstance(function, ast.Attribute) and any(
        "mysql" in (getattr(node, "id", ""), getattr(node, "attr", ""))
        for node in ast.walk(function.value)
    )


def makes_type(call: ast.Call) -> bool:
    """Whether an enum creates a type along with its table."""
    return not is_of_mysql(call) and not any(
        keyword.arg in ("create_type", "native_enum") and is_false(keyword.value)
        for keyword in call.keywords
    )


def is_false(node: ast.expr) -> bool:
    """Whether an expression is the literal `False`."""
    return isinstance(node, ast.Constant) and node.value is False
