"""Sentences about differences between two snapshots, and the very line that mends each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.postgres.snapshot.change import CatalogueChange

_DROPPED_BY_NAME = (
    "type",
    "domain",
    "sequence",
    "function",
    "procedure",
    "aggregate",
    "view",
    "materialized view",
    "schema",
    "extension",
    "index",
    "statistics",
    "event trigger",
    "publication",
    "subscription",
    "foreign data wrapper",
    "server",
    "operator",
    "operator class",
    "operator family",
    "collation",
    "text search configuration",
    "text search dictionary",
    "cast",
    "language",
    "access method",
    "role",
)
_PARTS = ("constraint", "trigger", "policy", "rule")
_ON = ("comment", "grant", "owner", "default privileges")


def thing(change: CatalogueChange) -> str:
    """Return what an object is called: its kind and its name."""
    if change.kind == "enum label":
        owner, label = split_name(change.name)
        return f"enum label `{label}` of `{owner}`"
    if change.kind == "default":
        return f"default of `{change.name}`"
    if change.kind in _ON:
        return f"{change.kind} {'of' if change.kind == 'owner' else 'on'} `{change.name}`"
    if change.kind in _PARTS:
        owner, name = split_name(change.name)
        return f"{change.kind} `{name}` of `{owner}`"
    return f"{change.kind} `{change.name}`"


def changed(change: CatalogueChange) -> str:
    """Return what an object is now and was before."""
    if change.kind == "enum order":
        return f"labels of `{change.name}` in the order {change.after}, before: {change.before}"
    before, after = _short(change.before), _short(change.after)
    if before == after:
        return f"{thing(change)} with another definition"
    return f"{thing(change)} as `{after or 'plain'}`, before: `{before or 'plain'}`"


def how_to_remove(change: CatalogueChange) -> str:
    """Return the line for `downgrade()` that drops what is left."""
    owner, name = split_name(change.name)
    schema = _schema_argument(owner)
    table = _bare(owner)
    lines = {
        "table": lambda: f'op.drop_table("{_bare(change.name)}"{_schema_argument(change.name)})',
        "column": lambda: f'op.drop_column("{table}", "{unquoted(name)}"{schema})',
        "constraint": lambda: f'op.drop_constraint("{unquoted(name)}", "{table}"{schema})',
        "trigger": lambda: _execute(f"DROP TRIGGER {name} ON {owner}"),
        "policy": lambda: _execute(f"DROP POLICY {name} ON {owner}"),
        "rule": lambda: _execute(f"DROP RULE {name} ON {owner}"),
        "comment": lambda: _execute(f"COMMENT ON {change.name} IS NULL"),
        "user mapping": lambda: _execute(f"DROP USER MAPPING FOR {change.name}"),
        "grant": lambda: _execute(_revoke(change)),
        "setting": lambda: _execute(_reset(change.name)),
        "default": lambda: (
            f'op.alter_column("{table}", "{unquoted(name)}", server_default=None{schema})'
        ),
    }
    if change.kind in lines:
        return _add(lines[change.kind]())
    if change.kind == "enum label":
        return (
            f"PostgreSQL cannot drop an enum label: in `downgrade()`, create a type without"
            f" {name}, alter the columns to it, drop `{owner}` and rename the new type"
        )
    if change.kind in _DROPPED_BY_NAME:
        return _add(_execute(f"DROP {change.kind.upper()} {change.name}"))
    return f"drop the {thing(change)} in `downgrade()`"


def how_to_restore(change: CatalogueChange) -> str:
    """Return what `downgrade()` has to do about something that it left changed."""
    if change.kind == "column":
        return f"alter `{change.name}` back to `{change.before}` in `downgrade()`"
    if change.kind == "comment":
        return _add(_execute(_comment(change)))
    if change.kind == "owner":
        return _add(_execute(f"ALTER {change.name} OWNER TO {change.before}"))
    if change.kind == "default":
        owner, name = split_name(change.name)
        return _add(
            _execute(f"ALTER TABLE {owner} ALTER COLUMN {name} SET DEFAULT {change.before}")
        )
    return f"restore the {thing(change)} in `downgrade()` as it was: {_short(change.before, 200)}"


def how_to_bring_back(change: CatalogueChange) -> str:
    """Return the line for `downgrade()` that makes anew what is gone."""
    owner, name = split_name(change.name)
    match change.kind:
        case "comment":
            return _add(_execute(_comment(change)))
        case "policy":
            return _add(_execute(f"CREATE POLICY {name} ON {owner} {change.before}"))
        case "index" | "trigger" | "function" | "procedure" | "rule" | "statistics":
            return _add(_execute(" ".join(change.before.split())))
        case "constraint":
            return _add(_execute(f"ALTER TABLE {owner} ADD CONSTRAINT {name} {change.before}"))
        case "default":
            statement = f"ALTER TABLE {owner} ALTER COLUMN {name} SET DEFAULT {change.before}"
            return _add(_execute(statement))
        case "column":
            return _add(_execute(f"ALTER TABLE {owner} ADD COLUMN {name} {change.before}"))
        case _:
            return f"create the {thing(change)} in `downgrade()`, or do not drop it there"


def _comment(change: CatalogueChange) -> str:
    text = change.before.replace("'", "''")
    return f"COMMENT ON {change.name} IS '{text}'"


def _revoke(change: CatalogueChange) -> str:
    """Return what undoes a grant; where a default was revoked, that is a grant."""
    target, _, grantee = change.name.rpartition(" TO ")
    if target == "DATABASE":
        target = "DATABASE <name>"
    if target.startswith("COLUMN "):
        table, column = split_name(target.removeprefix("COLUMN "))
        target, listed = f"TABLE {table}", f"ALL ({column})"
        return f"REVOKE {listed} ON {target} FROM {grantee}"
    if change.after == "nothing":
        return f"GRANT ALL ON {target} TO {grantee}"
    return f"REVOKE ALL ON {target} FROM {grantee}"


def _reset(name: str) -> str:
    parameter, _, role = name.partition(" FOR ROLE ")
    whose = f"ROLE {role} IN DATABASE <name>" if role else "DATABASE <name>"
    return f"ALTER {whose} RESET {parameter}"


def _add(line: str) -> str:
    return f"add `{line}` to `downgrade()`"


def _execute(statement: str) -> str:
    quote = '"""' if '"' in statement else '"'
    return f"op.execute({quote}{statement}{quote})"


def split_name(name: str) -> tuple[str, str]:
    """Split what belongs to a table or type from it: at the last dot outside of quotes."""
    quoted, cut = "", -1
    for position, character in enumerate(name):
        if quoted:
            quoted = "" if character == quoted else quoted
        elif character in "\"'":
            quoted = character
        elif character == ".":
            cut = position
    return (name[:cut], name[cut + 1 :]) if cut >= 0 else ("", name)


def _bare(name: str) -> str:
    return unquoted(split_name(name)[1])


def name_parts(name: str) -> tuple[str, str]:
    """Return schema and name, not quoted, of a name as a snapshot has it."""
    schema, rest = split_name(name)
    return unquoted(schema), unquoted(rest)


def shown_name(schema: str, name: str) -> str:
    """Return a name as people say it: with its schema, unless that is `public`."""
    return name if schema == "public" else f"{schema}.{name}"


def unquoted(name: str) -> str:
    """Return a name as its catalogue has it."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def _schema_argument(name: str) -> str:
    schema = split_name(name)[0]
    return f', schema="{unquoted(schema)}"' if schema else ""


def _short(text: str, length: int = 80) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 3] + "..."


_BY_NAME = ("table", "type", "domain", "sequence", "function", "procedure", "view", "index",
            "materialized view", "aggregate", "schema", "statistics")  # fmt: skip
_ON_TABLE = {"column": "COLUMN", "constraint": "CONSTRAINT"}


def drops(changes: Sequence[CatalogueChange]) -> tuple[str, ...]:
    """Return statements that drop what is more, dependents first; none where that is not enough."""
    statements = [_drop(change) for change in reversed(_ordered(changes))]
    return tuple(each for each in statements if each) if all(statements) else ()


def _ordered(changes: Sequence[CatalogueChange]) -> list[CatalogueChange]:
    order = ("schema", "type", "domain", "sequence", "table", "column")
    return sorted(
        changes, key=lambda each: order.index(each.kind) if each.kind in order else len(order)
    )


def _drop(change: CatalogueChange) -> str:
    if change.how != "left":
        return ""
    owner, name = split_name(change.name)
    if change.kind in _BY_NAME:
        return f"DROP {change.kind.upper()} {change.name};"
    if change.kind in _ON_TABLE:
        return f"ALTER TABLE {owner} DROP {_ON_TABLE[change.kind]} {name};"
    if change.kind == "default":
        return f"ALTER TABLE {owner} ALTER COLUMN {name} DROP DEFAULT;"
    if change.kind in ("trigger", "policy", "rule"):
        return f"DROP {change.kind.upper()} {name} ON {owner};"
    return ""
