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
    return tuple(_allows(list(_tokens(data)), functions))


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
