"""Finds server defaults that are strings but were meant as expressions."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from revgate.history.revision import FrozenDefault
from revgate.history.syntax import LOGGING, called_name

if TYPE_CHECKING:
    from collections.abc import Iterator


# The words that PostgreSQL's date types accept as a time, and anything that looks like a call.
_EXPRESSION = re.compile(
    r"\s*(?:(?P<word>now|today|tomorrow|yesterday|current_(?:date|time|timestamp)|localtime"
    r"|localtimestamp)|(?:\w+\.)*\w+\s*\(\s*\))\s*",
    re.IGNORECASE,
)
_IN_SQL = re.compile(
    r"\bdefault\s+'(?P<text>now(?:\(\))?|today|tomorrow|yesterday)'(?!\s*::\s*"
    r"(?:text|varchar|char|character|bpchar|citext|jsonb?)\b)",
    re.IGNORECASE,
)
_SQL_PART = re.compile(r"--[^\n]*|/\*|\*/|'(?:[^']|'')*'|[^-/*']+|.", re.DOTALL)
# `DEFAULT 'now'`, written as a clause.
_QUOTED = re.compile(
    r"\s*'(now(?:\(\))?|today|tomorrow|yesterday)'(?:\s*::[\w\s]+)?\s*", re.IGNORECASE
)
# The type of a column, after its name.
_TEXT_TYPE = re.compile(
    r"\s(?:text|(?:var)?char|character|citext|bpchar|varchar2|json|jsonb)\b[^,]*$", re.IGNORECASE
)
_MAY_BE = re.compile(
    rb"""server_default\s*=\s*(?:[rbuRBU]{0,2}["'(]|(?:\w+\.)*text\(\s*[rbuRBU]{0,2}"+\s*')"""
)
_MAY_BE_IN_SQL = re.compile(rb"default\s+'", re.IGNORECASE)
_TIMELY = re.compile("date|time", re.IGNORECASE)


def may_be_frozen(data: bytes) -> bool:
    """Whether the syntax tree is worth searching."""
    if _MAY_BE.search(data):
        return True
    has_word = b"DEFAULT" in data or b"default " in data or b"Default" in data
    return has_word and _MAY_BE_IN_SQL.search(data) is not None


def read_frozen_defaults(tree: ast.Module) -> tuple[FrozenDefault, ...]:
    """Return the defaults in a file that PostgreSQL evaluates only once."""
    nodes = list(ast.walk(tree))
    prose = {id(each) for node in nodes for each in _prose(node)}
    return tuple(found for node in nodes if id(node) not in prose for found in _of(node))


def _prose(node: ast.AST) -> Iterator[ast.expr]:
    """Yield strings that are not run: docstrings, comments, and what is only said."""
    match node:
        case ast.Call() if called_name(node) in LOGGING:
            yield from _strings(node)
        case ast.Raise():
            yield from _strings(node)
        case ast.Expr(value=ast.Constant() as value):
            yield value
        case ast.keyword(arg="comment" | "doc" | "help", value=value):
            yield value


def _strings(node: ast.AST) -> Iterator[ast.expr]:
    return (each for each in ast.walk(node) if isinstance(each, ast.Constant))


def _of(node: ast.AST) -> Iterator[FrozenDefault]:
    match node:
        case ast.Call(keywords=keywords):
            for keyword in keywords:
                if keyword.arg == "server_default" and _is_frozen(keyword.value, node):
                    text = _text(keyword.value)
                    position = (keyword.value.lineno, keyword.value.col_offset + 1)
                    yield FrozenDefault(text, position)
        case ast.Constant(value=str() as text):
            for match in _in_sql(text):
                line = node.lineno + text.count("\n", 0, match.start())
                yield FrozenDefault(
                    match["text"], (line, 1 if line > node.lineno else node.col_offset + 1)
                )


def _text(value: ast.expr) -> str:
    """Return the text of a default without its quotes."""
    if isinstance(value, ast.Call):
        value = value.args[0]
    text = str(value.value) if isinstance(value, ast.Constant) else ""
    quoted = _QUOTED.fullmatch(text)
    return quoted[1] if quoted else text


def _in_sql(text: str) -> Iterator[re.Match[str]]:
    """Yield the defaults in SQL outside of comments, unless the column holds text."""
    if _IN_SQL.search(text) is None:
        return
    code = _without_comments(text)
    for match in _IN_SQL.finditer(code):
        definition = code[: match.start()].rpartition(",")[2]
        if match["text"].endswith("()") or not _TEXT_TYPE.search(definition):
            yield match


def _without_comments(text: str) -> str:
    """Replace comments by spaces, so that positions stay; those in PostgreSQL can be nested."""
    parts: list[str] = []
    depth = 0
    for part in _SQL_PART.findall(text):
        depth += part == "/*"
        if depth or part.startswith("--"):
            depth -= part == "*/"
            parts.append(re.sub(r"[^\n]", " ", part))
        else:
            parts.append(part)
    return "".join(parts)


def _is_frozen(value: ast.expr, call: ast.Call) -> bool:
    match value:
        case ast.Constant(value=str() as text) if found := _EXPRESSION.fullmatch(text):
            # In a text column, 'today' may be meant as text.
            return not found["word"] or _may_hold_time(call)
        case ast.Call(args=[ast.Constant(value=str() as text)]) if called_name(value) == "text":
            return _QUOTED.fullmatch(text) is not None and _may_hold_time(call)
    return False


def _may_hold_time(call: ast.Call) -> bool:
    """Whether the type of a column, as far as it is written, is one of dates or times."""
    types = [each.value for each in call.keywords if each.arg in ("type_", "existing_type")]
    if called_name(call) == "Column":
        types += call.args[1:2]
    names = [
        node.attr if isinstance(node, ast.Attribute) else node.id
        for each in types
        for node in ast.walk(each)
        if isinstance(node, ast.Attribute | ast.Name)
    ]
    return not names or any(_TIMELY.search(name) for name in names)
