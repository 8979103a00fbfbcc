"""What to write in `downgrade()` so that a catalog change is undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.postgres.names import name_parts, split_name, unquoted
from revgate.text import truncate

if TYPE_CHECKING:
    from revgate.postgres.snapshot.change import CatalogueChange


def removal_help(change: CatalogueChange) -> str:
    """Return how to drop an object that a downgrade left behind."""
    from revgate.postgres.snapshot.describe import drop_statement, label

    if operation := _operation(change):
        return _add(operation)
    if change.kind == "enum label":
        owner, name = split_name(change.name)
        return (
            f"PostgreSQL cannot drop an enum label: in `downgrade()`, create a type without"
            f" {name}, alter the columns to it, drop `{owner}` and rename the new type"
        )
    if statement := drop_statement(change):
        return _add(execute_operation(statement))
    return f"undo the {label(change)} in `downgrade()`"


def restoration_help(change: CatalogueChange) -> str:
    """Return how to restore an object that a downgrade dropped or left altered."""
    from revgate.postgres.snapshot.describe import label, restore_statement

    if statement := restore_statement(change):
        return _add(execute_operation(statement))
    if change.how == "gone":
        return f"create the {label(change)} in `downgrade()`, or do not drop it there"
    if change.kind == "column":
        return f"alter `{change.name}` back to `{change.before}` in `downgrade()`"
    before = truncate(" ".join(change.before.split()), 200, "...")
    return f"restore the {label(change)} in `downgrade()` as it was: {before}"


def _operation(change: CatalogueChange) -> str:
    """Return the Alembic operation that drops an object; empty where SQL is needed."""
    if change.kind == "table":
        schema, table = name_parts(change.name)
        return f'op.drop_table("{table}"{_schema_argument(schema)})'
    owner, part = split_name(change.name)
    schema, table = name_parts(owner)
    name, argument = unquoted(part), _schema_argument(schema)
    match change.kind:
        case "column":
            return f'op.drop_column("{table}", "{name}"{argument})'
        case "constraint":
            return f'op.drop_constraint("{name}", "{table}"{argument})'
        case "default":
            return f'op.alter_column("{table}", "{name}", server_default=None{argument})'
        case _:
            return ""


def _schema_argument(schema: str) -> str:
    return f', schema="{schema}"' if schema else ""


def _add(line: str) -> str:
    return f"add `{line}` to `downgrade()`"


def execute_operation(statement: str) -> str:
    """Return the Alembic operation that runs a statement."""
    quotes = '"""' if '"' in statement else '"'
    return f"op.execute({quotes}{statement}{quotes})"
