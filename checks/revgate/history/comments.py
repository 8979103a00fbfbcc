"""Reads inline `# revgate: allow[...]` comments, with Python's tokenizer."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from typing import TYPE_CHECKING

from revgate.history.revision import Allow
from revgate.history.syntax import decoded

if TYPE_CHECKING:
    from collections.abc import Iterator

_ALLOW = re.compile(r"#\s*revgate:\s*allow\s*\[([^\]]*)\]\s*(.*?)\s*$")


def read_allows(data: bytes, tree: ast.Module) -> tuple[Allow, ...]:
    """Return the comments of a file that parses."""
    functions = {
        statement.lineno: statement.end_lineno or statement.lineno
        for statement in tree.body
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    tokens = list(_tokens(data))
    return tuple(
        each._replace(function=_function_around(each, tree)) for each in _allows(tokens, functions)
    )


def _function_around(allow: Allow, tree: ast.Module) -> tuple[int, int]:
    """Return the lines of the function that a comment is in; it may follow the last statement."""
    line, column = allow.position
    before = [statement for statement in tree.body if statement.lineno <= line]
    if not before or not isinstance(before[-1], ast.FunctionDef | ast.AsyncFunctionDef):
        return (0, 0)
    last = before[-1].end_lineno or before[-1].lineno
    is_within = line <= last or column > 1
    return (before[-1].lineno, max(last, line)) if is_within else (0, 0)


def _tokens(data: bytes) -> Iterator[tokenize.TokenInfo]:
    try:
        yield from tokenize.generate_tokens(io.StringIO(decoded(data)).readline)
    except (tokenize.TokenError, SyntaxError):
        return  # the parser accepts some files that the tokenizer refuses


def _allows(tokens: list[tokenize.TokenInfo], functions: dict[int, int]) -> Iterator[Allow]:
    not_code = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENCODING}
    not_code |= {tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    code = sorted({token.start[0] for token in tokens if token.type not in not_code})
    for token in tokens:
        match = _ALLOW.match(token.string) if token.type == tokenize.COMMENT else None
        if match is None:
            continue
        line = token.start[0]
        covered = next((number for number in code if number >= line), line)
        yield Allow(
            rules=tuple(name.strip() for name in match[1].split(",") if name.strip()),
            reason=match[2],
            position=(line, token.start[1] + 1),
            last=functions.get(covered, covered),
        )
