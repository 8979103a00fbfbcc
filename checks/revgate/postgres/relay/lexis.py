"""PostgreSQL's lexical rules: splits SQL into tokens and drops comments.

Follows src/backend/parser/scan.l. Text that ends inside a token is a syntax error on the server, so
how it is split here does not matter.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

WORD, QUOTED, STRING, OTHER = "word", "quoted", "string", "other"

_LETTER = r"A-Za-z_\x80-\U0010ffff"
_TOKEN = re.compile(
    rf"""
    (?P<space>[\ \t\n\r\f\v]+ | --[^\n\r]*)
  | (?P<comment>/\*)
  | (?P<unicode>[Uu]&(?=["']))
  | (?P<escaped>[Ee](?='))
  | (?P<bits>[BbXxNn](?='))
  | (?P<word>[{_LETTER}][{_LETTER}0-9$]*)
  | (?P<dollar>\$(?:[{_LETTER}][{_LETTER}0-9]*)?\$)
  | (?P<number>\.?[0-9][0-9A-Za-z_.]* | \$[0-9]+)
  | (?P<string>')
  | (?P<quoted>")
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_PLAIN_STRING = re.compile(r"'((?:[^']|'')*)(?:'|\Z)")
_ESCAPED_STRING = re.compile(r"'((?:[^'\\]|''|\\.)*)(?:'|\\?\Z)", re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"]|"")*)(?:"|\Z)')
_COMMENT_MARK = re.compile(r"/\*|\*/")


class Token(NamedTuple):
    """One token."""

    kind: str
    text: str
    """A word in lower case, a quoted identifier or a string without quotes, or a character."""

    @property
    def is_name(self) -> bool:
        """Whether it can be a name."""
        return self.kind in (WORD, QUOTED)


def tokens(text: str, *, backslashes: bool = False) -> list[Token]:
    """Return the tokens of SQL text.

    Args:
        text: Statements.
        backslashes: Whether a backslash in plain quotes escapes, as without
            `standard_conforming_strings`.
    """
    return list(_with_escapes_named(_scan(text, backslashes)))


def _scan(text: str, backslashes: bool) -> Iterator[Token]:  # noqa: FBT001 - private
    at = 0
    is_escaped = is_unicode = False
    while at < len(text):
        found = _TOKEN.match(text, at)
        assert found  # noqa: S101 - any character is `other`
        at, kind = found.end(), found.lastgroup
        if kind == "comment":
            at = _end_of_comment(text, at)
        elif kind == "dollar":
            end = text.find(found[0], at)
            yield Token(STRING, text[at : end if end >= 0 else len(text)])
            at = end + len(found[0]) if end >= 0 else len(text)
        elif kind == "string":
            pattern = _ESCAPED_STRING if backslashes or is_escaped else _PLAIN_STRING
            value, at = _quoted(pattern, text, at - 1, "'")
            yield Token(STRING, unescaped(value) if is_escaped else value)
        elif kind == "quoted":
            value, at = _quoted(_QUOTED, text, at - 1, '"')
            yield Token("unicode" if is_unicode else QUOTED, value)
        elif kind == "word":
            yield Token(WORD, _lowered(found[0]))
        elif kind in ("number", "other"):
            yield Token(OTHER, found[0])
        is_escaped, is_unicode = kind == "escaped", kind == "unicode"


def _end_of_comment(text: str, at: int) -> int:
    depth = 1
    while depth:
        found = _COMMENT_MARK.search(text, at)
        if found is None:
            return len(text)
        at = found.end()
        depth += 1 if found[0] == "/*" else -1
    return at


def _quoted(pattern: re.Pattern[str], text: str, at: int, quote: str) -> tuple[str, int]:
    found = pattern.match(text, at)
    assert found  # noqa: S101 - it begins with the quote
    return found[1].replace(quote * 2, quote), found.end()


def _lowered(word: str) -> str:
    """Fold ASCII letters, as the server does."""
    return word.lower() if word.isascii() else "".join(_lower_ascii(each) for each in word)


def _lower_ascii(letter: str) -> str:
    return letter.lower() if letter.isascii() else letter


_CODES = re.compile(
    r"\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-7]{1,3})|(.))", re.DOTALL
)
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def unescaped(value: str) -> str:
    """Return the value of an E'' string."""

    def meant(found: re.Match[str]) -> str:
        digits = found[1] or found[2] or found[3]
        if digits or found[4]:
            return _character(int(digits, 16) if digits else int(found[4], 8))
        return _LETTERS.get(found[5], found[5])

    return _CODES.sub(meant, value)


def _character(code: int) -> str:
    return chr(code) if code < 0x110000 else "\ufffd"


def _with_escapes_named(scanned: Iterator[Token]) -> Iterator[Token]:
    """Yield tokens with U&"..." decoded by the escape character that `UESCAPE` may name."""
    waiting: Token | None = None
    escape_follows = False
    for token in scanned:
        if waiting and escape_follows:
            yield Token(QUOTED, _decoded(waiting.text, token.text[:1]))
            waiting, escape_follows = None, False
        elif waiting and token == (WORD, "uescape"):
            escape_follows = True
        else:
            if waiting:
                yield Token(QUOTED, _decoded(waiting.text, "\\"))
            waiting = token if token.kind == "unicode" else None
            if not waiting:
                yield token
    if waiting:
        yield Token(QUOTED, _decoded(waiting.text, "\\"))


def _decoded(text: str, escape: str) -> str:
    mark = re.escape(escape or "\\")
    pattern = re.compile(rf"{mark}(?:\+([0-9A-Fa-f]{{6}})|([0-9A-Fa-f]{{4}})|({mark}))")
    return pattern.sub(
        lambda found: found[3] or _character(int(found[1] or found[2], 16)), text
    )  # fmt: skip
