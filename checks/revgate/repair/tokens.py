"""Locates the ids in a revision file, character by character, and replaces them.

Anything that cannot be located exactly is refused, never guessed.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from typing import TYPE_CHECKING, NamedTuple

from revgate.errors import UsageError
from revgate.history.syntax import bound_names, module_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from revgate.history.revision import Stated

_QUOTES = re.compile(r"([rRuU]?)(\"\"\"|'''|\"|')")
_LABEL = re.compile(r"(?:Revision ID|Revises|Create Date):[ \t]*")


class Edit(NamedTuple):
    """A range of characters to replace; an insertion if it is empty."""

    start: int
    end: int
    text: str


class RevisionText:
    """The text of one revision file, with a mapping from ast positions to characters."""

    def __init__(self, path: str, data: bytes) -> None:
        """Decode and parse a file.

        Args:
            path: For messages.
            data: Bytes that `parse` accepted as a revision.

        Raises:
            UsageError: The text does not encode back to the same bytes.
        """
        self.path = path
        self.encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        self.text = data.decode(self.encoding, "replace")
        if self.text.encode(self.encoding, "replace") != data:
            raise UsageError(f"{path}: the file is not valid {self.encoding}: edit it by hand")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.tree = ast.parse(data)
        self._starts = [0, *(each.end() for each in re.finditer("\r\n|\r|\n", self.text))]

    def edited(self, edits: list[Edit]) -> bytes:
        """Return the bytes after some edits, which must not overlap."""
        text = self.text
        for edit in sorted(edits, reverse=True):
            text = text[: edit.start] + edit.text + text[edit.end :]
        return text.encode(self.encoding)

    def value(self, name: str) -> ast.expr | None:
        """Return what the module assigns to a name; None if it does not.

        Raises:
            UsageError: It is bound more than once, or not by a plain assignment.
        """
        plain = [value for bound, value in self._plain() if bound == name]
        lines = [
            node.lineno
            for node in module_scope(self.tree)
            for bound in bound_names(node)
            if bound == name and hasattr(node, "lineno") and node not in self._bare
        ]
        if len(lines) > 1:
            raise self.refusal(max(lines), f"`{name}` is bound more than once")
        if lines and not plain:
            raise self.refusal(lines[0], f"`{name}` is not bound by a plain assignment")
        return plain[0] if plain else None

    def _plain(self) -> Iterator[tuple[str, ast.expr]]:
        for statement in self.tree.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    yield name, value
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    yield name, value

    @property
    def _bare(self) -> list[ast.expr]:
        """The names of annotations that assign nothing."""
        return [
            each.target
            for each in self.tree.body
            if isinstance(each, ast.AnnAssign) and each.value is None
        ]

    def refusal(self, line: int, fact: str) -> UsageError:
        """Return the error that says why a file cannot be edited."""
        return UsageError(f"{self.path}:{line}: {fact}: simplify it, then run this again")

    def replaced(self, node: ast.expr, value: str) -> Edit:
        """Replace a literal with a string, keeping its quotes.

        Raises:
            UsageError: It is split into several pieces.
        """
        start, end = self.span(node)
        written = self.text[start:end]
        kinds = [token.type for token in _tokens(written)]
        pieces = isinstance(node, ast.Constant) and kinds.count(tokenize.STRING) > 1
        if pieces or tokenize.COMMENT in kinds:
            raise self.refusal(node.lineno, "the value is split into several pieces")
        return Edit(start, end, self._literal(value, _QUOTES.match(written) or self._own_quotes()))

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Return where a node begins and ends, in characters."""
        return self._offset(node.lineno, node.col_offset), self._offset(
            node.end_lineno or node.lineno, node.end_col_offset or 0
        )

    def indent(self, statement: ast.stmt) -> str:
        """Return the white space before a statement.

        Raises:
            UsageError: Something else is before it.
        """
        start, _ = self.span(statement)
        found = self.text[self._starts[statement.lineno - 1] : start]
        if found.strip():
            raise self.refusal(statement.lineno, "the statement does not begin its line")
        return found

    @property
    def newline(self) -> str:
        """How lines end."""
        return "\r\n" if "\r\n" in self.text else "\n"

    def _offset(self, line: int, column: int) -> int:
        """Return the character at a position that counts the bytes of UTF-8, as `ast` does."""
        start = self._starts[line - 1]
        end = self._starts[line] if line < len(self._starts) else len(self.text)
        before = self.text[start:end].encode("utf-8", "surrogatepass")[:column]
        return start + len(before.decode("utf-8", "surrogatepass"))

    def _own_quotes(self) -> re.Match[str] | None:
        """Return the quotes used for the id, for a value that has none."""
        node = self.value("revision")
        return _QUOTES.match(self.text, self.span(node)[0]) if node is not None else None

    def _literal(self, value: str, quotes: re.Match[str] | None) -> str:
        prefix, quote = quotes.groups() if quotes else ("", '"')
        if not self._is_plain(value):
            return ascii(value)
        return f"{prefix}{quote}{value}{quote}"

    def _is_plain(self, value: str) -> bool:
        """Whether a string needs no escaping between any quotes of this file."""
        try:
            value.encode(self.encoding)
        except UnicodeEncodeError:
            return False
        return value.isprintable() and not {*"\"'\\"} & {*value}

    def restated(self, stated: Stated, value: str) -> Edit:
        """Replace the value of a line in the docstring header.

        Raises:
            UsageError: The line is not there to the letter, or the value has characters that a
                docstring cannot hold as they are.
        """
        line = stated.position[0]
        label = _LABEL.search(self.text, self._starts[line - 1])
        if label is None or not self.text.startswith(stated.text, label.end()):
            raise self.refusal(line, "the docstring header cannot be located")
        if not self._is_plain(value):
            raise self.refusal(line, f"the docstring cannot hold {value!r} as it is")
        space = "" if stated.text or label[0][-1] in " \t" else " "
        return Edit(label.end(), label.end() + len(stated.text), space + value)


def _tokens(written: str) -> Iterator[tokenize.TokenInfo]:
    # In parentheses, since it may go over several lines.
    readline: Callable[[], str] = io.StringIO(f"({written}\n)").readline
    return tokenize.generate_tokens(readline)
