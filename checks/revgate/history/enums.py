"""Reads which types the enums in a revision file create."""

from __future__ import annotations

import ast

from revgate.history.revision import Effect
from revgate.history.syntax import literal_string

ENUMS = ("Enum", "ENUM")
UNSURE = "perhaps in "
"""Begins the form of a type that may have been created in the schema of its table instead."""


def imports_mysql_enum(statement: ast.stmt) -> bool:
    """Whether a statement imports the enum of MySQL, which creates no type."""
    return isinstance(statement, ast.ImportFrom) and (
        (statement.module or "").startswith("sqlalchemy.dialects.mysql")
        and any(alias.name in ("ENUM", "*") for alias in statement.names)
    )


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
