"""Reads which objects literal SQL creates and drops.

Understands the common PostgreSQL statements that create or drop a named object, and refuses all
others.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from revgate.history.revision import ANY_COLUMN, Effect, UnknownEffectError

if TYPE_CHECKING:
    from collections.abc import Iterator


_NAME = r'(?:(?:"[^"]+"|\w+)\.)?(?:"[^"]+"|\w+)'
_KINDS = (
    "materialized view|foreign table|table|view|type|domain|function|procedure|aggregate|sequence"
    "|extension|schema|trigger|event trigger|policy|rule|collation|publication|server|role"
)
_CREATE = re.compile(
    rf"create\s+(?P<replace>or\s+replace\s+)?(?:temp(?:orary)?\s+|unlogged\s+|constraint\s+"
    rf"|recursive\s+)*(?P<kind>{_KINDS})\s+(?P<exists>if\s+not\s+exists\s+)?(?P<name>{_NAME})"
    rf"(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_DROP = re.compile(
    rf"drop\s+(?P<kind>{_KINDS}|index)\s+(?:concurrently\s+)?(?P<exists>if\s+exists\s+)?"
    rf"(?P<names>{_NAME}(?:\s*\([^)]*\))?(?:\s*,\s*{_NAME}(?:\s*\([^)]*\))?)*)"
    rf"(?:\s+on\s+(?P<table>{_NAME}))?(?:\s+(?P<end>cascade|restrict))?",
    re.IGNORECASE,
)
_INDEX = re.compile(
    rf"create\s+(?:unique\s+)?index\s+(?:concurrently\s+)?(?P<exists>if\s+not\s+exists\s+)?"
    rf"(?P<name>{_NAME})\s+on\s+(?:only\s+)?(?P<table>{_NAME})(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_ALTER_TABLE = re.compile(
    rf"alter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?(?P<table>{_NAME})\s+(?P<actions>.*)",
    re.IGNORECASE | re.DOTALL,
)
_RENAME = re.compile(
    rf"alter\s+(?P<kind>{_KINDS}|index)\s+(?:if\s+exists\s+)?(?:only\s+)?(?P<name>{_NAME})"
    rf"\s+rename\s+to\s+(?P<new>{_NAME})",
    re.IGNORECASE,
)
_ADD = re.compile(
    rf"add\s+(?:(?P<constraint>constraint)\s+|column\s+)?(?P<exists>if\s+not\s+exists\s+)?"
    rf"(?P<name>{_NAME})",
    re.IGNORECASE,
)
_USING_INDEX = re.compile(rf"\busing\s+index\s+({_NAME})", re.IGNORECASE)
_ADD_UNNAMED = re.compile(
    r"add\s+(?:primary\s+key|unique|check|foreign\s+key|exclude)\b", re.IGNORECASE
)
_DROP_PART = re.compile(
    rf"drop\s+(?:(?P<constraint>constraint)\s+|column\s+)?(?P<exists>if\s+exists\s+)?"
    rf"(?P<name>{_NAME})(?:\s+(?P<end>cascade|restrict))?",
    re.IGNORECASE,
)
_RENAME_PART = re.compile(
    rf"rename\s+(?:(?P<constraint>constraint)\s+|column\s+)?(?P<name>{_NAME})\s+to\s+"
    rf"(?P<new>{_NAME})",
    re.IGNORECASE,
)
_MORE_COLUMNS = re.compile(r"\b(?:where|include)\b", re.IGNORECASE)
# Statements, and actions of ALTER TABLE, that neither create nor drop a named object.
_NEUTRAL = re.compile(
    r"(?:insert|update|delete|select|with|comment|grant|revoke|set|reset|analyze|vacuum|refresh"
    r"|lock|truncate|reindex|copy|cluster|values|begin|commit|savepoint|release"
    r"|alter\s+(?:type|sequence|view|materialized\s+view|index|function|schema|default|database"
    r"|role|domain|policy|publication|extension|system|user|event\s+trigger|trigger))\b",
    re.IGNORECASE,
)
_NEUTRAL_ACTION = re.compile(
    r"(?:alter|validate|enable|disable|set|reset|owner|cluster|attach|detach|inherit|no|replica"
    r"|force|of|not)\b",
    re.IGNORECASE,
)
_PARTITION_OF = re.compile(rf"\s+partition\s+of\s+({_NAME})", re.IGNORECASE)
_ATTACHED = re.compile(rf"(?:attach|detach)\s+partition\s+({_NAME})", re.IGNORECASE)
_OWNED = re.compile(
    rf"alter\s+sequence\s+(?:if\s+exists\s+)?(?P<name>{_NAME})\s.*\bowned\s+by\b",
    re.IGNORECASE | re.DOTALL,
)
# What gives objects other names or another schema in a way that is not followed here.
_MOVES = re.compile(
    r"alter\s(?!\s*table\s).*\brename\s+to\b|alter\s.*\bset\s+schema\b|set\s.*\bsearch_path\b"
    r"|select\s.*\bsearch_path\b",
    re.IGNORECASE | re.DOTALL,
)
_SAME = {"materialized view": "view", "foreign table": "table", "procedure": "function"}


def read_sql(text: str) -> Iterator[Effect]:
    """Yield what the statements of a piece of SQL create and drop.

    Raises:
        UnknownEffectError: A statement is not among those understood here.
    """
    for statement in split(text):
        if _MOVES.search(statement) and not _RENAME.fullmatch(statement):
            raise UnknownEffectError(statement)
        if owned := _OWNED.match(statement):
            yield Effect("touch", "sequence", plain(owned["name"]))
        else:
            yield from _statement(statement)


def _statement(statement: str) -> Iterator[Effect]:
    if match := _INDEX.fullmatch(statement):
        action = "touch" if match["exists"] else "create"
        table = plain(match["table"])
        yield Effect(action, "index", plain(match["name"]), table, columns=_columns(match["rest"]))
    elif match := _CREATE.fullmatch(statement):
        yield _created(match)
    elif match := _DROP.fullmatch(statement):
        if (match["end"] or "").lower() == "cascade":
            raise UnknownEffectError(statement)
        action = "touch" if match["exists"] else "drop"
        for name in re.sub(r"\([^)]*\)", "", match["names"]).split(","):
            yield Effect(action, _kind(match["kind"]), plain(name), plain(match["table"] or ""))
    elif match := _RENAME.fullmatch(statement):
        yield from _renamed(match)
    elif match := _ALTER_TABLE.fullmatch(statement):
        for action in _top_level(match["actions"]):
            yield from _altered(plain(match["table"]), action)
    elif not _NEUTRAL.match(statement):
        raise UnknownEffectError(statement)


def _renamed(match: re.Match[str]) -> Iterator[Effect]:
    kind, old, new = _kind(match["kind"]), plain(match["name"]), plain(match["new"])
    schema = old.rpartition(".")[0]
    # The index of a constraint has its name: to rename one is to rename the other.
    columns = (ANY_COLUMN,) if kind == "index" else ()
    yield Effect("drop", kind, old, columns=columns)
    new = f"{schema}.{new}" if schema else new
    yield Effect("create", kind, new, old if kind == "table" else "", columns=columns)


def _created(match: re.Match[str]) -> Effect:
    kind = _kind(match["kind"])
    table = ""
    if kind in ("trigger", "policy", "rule"):
        on = re.search(rf"\b(?:on|to)\s+({_NAME})", match["rest"], re.IGNORECASE)
        table = plain(on[1]) if on else ""
    owned = kind == "sequence" and re.search(r"\bowned\s+by\b", match["rest"], re.IGNORECASE)
    action = "touch" if match["replace"] or match["exists"] or owned else "create"
    partition = _PARTITION_OF.match(match["rest"]) if kind == "table" else None
    columns = (plain(partition[1]),) if partition else ()
    written = " ".join(match["kind"].lower().split())
    form = f"sql {written}" if written != kind else ""
    return Effect(action, kind, plain(match["name"]), table, columns=columns, form=form)


def _altered(table: str, action: str) -> Iterator[Effect]:
    if _ADD_UNNAMED.match(action):
        yield Effect("create", "constraint", None, table, columns=(ANY_COLUMN,))
    elif match := _ADD.match(action):
        kind = "constraint" if match["constraint"] else "column"
        columns = (ANY_COLUMN,) if match["constraint"] else ()
        verb = "touch" if match["exists"] else "create"
        yield Effect(verb, kind, plain(match["name"]), table, columns=columns)
        if using := _USING_INDEX.search(action):  # the constraint takes over the index
            yield Effect("drop", "index", plain(using[1]), table)
    elif match := _DROP_PART.fullmatch(action):
        if (match["end"] or "").lower() == "cascade":
            raise UnknownEffectError(action)
        kind = "constraint" if match["constraint"] else "column"
        yield Effect("touch" if match["exists"] else "drop", kind, plain(match["name"]), table)
    elif match := _RENAME_PART.fullmatch(action):
        kind = "constraint" if match["constraint"] else "column"
        # The index of a constraint has its name: to rename one is to rename the other.
        columns = (ANY_COLUMN,) if match["constraint"] else ()
        yield Effect("drop", kind, plain(match["name"]), table, columns=columns)
        yield Effect("create", kind, plain(match["new"]), table, columns=columns)
    elif match := _ATTACHED.match(action):
        yield Effect("touch", "table", plain(match[1]))
    elif not _NEUTRAL_ACTION.match(action):
        raise UnknownEffectError(action)


def plain(name: str) -> str:
    """Return a name as PostgreSQL stores it, without the default schema."""
    parts = re.findall(r'"[^"]+"|\w+', name)
    known = [part[1:-1] if part.startswith('"') else part.lower() for part in parts]
    return ".".join(known[1:] if known[:1] == ["public"] and len(known) > 1 else known)


def _kind(written: str) -> str:
    kind = re.sub(r"\s+", " ", written.lower())
    return _SAME.get(kind, kind)


def _columns(rest: str) -> tuple[str, ...]:
    listed = re.match(r"(?:\s+using\s+\w+)?\s*\(([\w\s,\"]*)\)", rest, re.IGNORECASE)
    if listed is None:
        return (ANY_COLUMN,)
    names = tuple(plain(name.split()[0]) for name in listed[1].split(",") if name.split())
    return (*names, ANY_COLUMN) if _MORE_COLUMNS.search(rest, listed.end()) else names


_TOKEN = re.compile(
    r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"[^\"]*\"|(\$\w*\$).*?\1|[();,]|[^'\"$();,/\-]+|.",
    re.DOTALL,
)


def split(text: str) -> Iterator[str]:
    """Yield the statements of a piece of SQL, without comments; quoted text is never split."""
    yield from (part for part in _parts(text, ";") if part)


def _top_level(text: str) -> Iterator[str]:
    yield from (part for part in _parts(text, ",") if part)


def _parts(text: str, separator: str) -> Iterator[str]:
    depth = 0
    part: list[str] = []
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token.startswith(("--", "/*")):
            part.append(" ")
            continue
        depth += (token == "(") - (token == ")")  # noqa: S105 - a token of SQL
        if token == separator and depth <= 0:
            yield "".join(part).strip()
            part = []
        else:
            part.append(token)
    yield "".join(part).strip()
