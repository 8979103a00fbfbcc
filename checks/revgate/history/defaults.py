"""Finds server defaults that are strings but were meant as expressions."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from revgate.history.revision import FrozenDefault

if TYPE_CHECKING:
    from collections.abc import Iterator


# The words that PostgreSQL's date types accept as a time, and anything that looks like a call.
_EXPRESSION = re.compile(
    r"\s*(?:(?P<word>now|today|tomorrow|yesterday|current_(?:date|time|timestamp)|localtime"
    r"|localtimestamp)|(?:\w+\.)*\w+\s*\(\s*\))\s*",
    re.IGNORECASE,
)
_IN_SQL = re.compile(
    r"\bdefault\s+'(?P<text>now(?:\(\))?|today|tomorrow|yesterday)'(?!::text)", re.IGNORECASE
)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
# The type of a column, after its name.
_TEXT_TYPE = re.compile(
    r"\s(?:text|(?:var)?char|character|citext|bpchar|varchar2|json|jsonb)\b[^,]*$", re.IGNORECASE
)
_MAY_BE = re.compile(rb"server_default\s*=\s*[rbuRBU]{0,2}[\"'(]")
_MAY_BE_IN_SQL = re.compile(rb"default\s+'", re.IGNORECASE)
_TEXTUAL = ("String", "Text", "Unicode", "UnicodeText", "VARCHAR", "CHAR", "TEXT", "Enum", "ENUM")


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
    """Yield strings that are not run: docstrings, and comments on a table or a column."""
    match node:
        case ast.Expr(value=ast.Constant() as value):
            yield value
        case ast.keyword(arg="comment" | "doc" | "help", value=value):
            yield value


def _of(node: ast.AST) -> Iterator[FrozenDefault]:
    match node:
        case ast.Call(keywords=keywords):
            for keyword in keywords:
                if keyword.arg == "server_default" and _is_frozen(keyword.value, node):
                    text = str(getattr(keyword.value, "value", ""))
                    position = (keyword.value.lineno, keyword.value.col_offset + 1)
                    yield FrozenDefault(text, position)
        case ast.Constant(value=str() as text):
            for match in _in_sql(text):
                line = node.lineno + text.count("\n", 0, match.start())
                yield FrozenDefault(
                    match["text"], (line, 1 if line > node.lineno else node.col_offset + 1)
                )


def _in_sql(text: str) -> Iterator[re.Match[str]]:
    """Yield the defaults in SQL outside of comments, unless the column holds text."""
    if _IN_SQL.search(text) is None:
        return
    code = _COMMENT.sub(_blank, text)
    for match in _IN_SQL.finditer(code):
        definition = code[: match.start()].rpartition(",")[2]
        if match["text"].endswith("()") or not _TEXT_TYPE.search(definition):
            yield match


def _blank(match: re.Match[str]) -> str:
    """Replace a comment by spaces, so that positions stay; keep everything else."""
    written = match[0]
    return re.sub(r"[^\n]", " ", written) if written.startswith(("--", "/*")) else written


def _is_frozen(value: ast.expr, call: ast.Call) -> bool:
    match value:
        case ast.Constant(value=str() as text) if found := _EXPRESSION.fullmatch(text):
            # In a text column, 'today' may be meant as text.
            return not (found["word"] and _is_textual(call))
    return False


def _is_textual(call: ast.Call) -> bool:
    names = [
        node.attr if isinstance(node, ast.Attribute) else node.id
        for argument in (*call.args, *(keyword.value for keyword in call.keywords))
        for node in ast.walk(argument)
        if isinstance(node, ast.Attribute | ast.Name)
    ]
    return any(name in _TEXTUAL for name in names)
