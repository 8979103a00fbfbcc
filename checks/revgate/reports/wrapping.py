"""Wraps text at the width of a terminal, at words, and never within code."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    wide = sum(east_asian_width(each) in "WF" for each in text)
    return len(text) + wide - sum(bool(combining(each)) for each in text)


def wrapped(text: str, width: int | None, indent: str) -> Sequence[str]:
    """Wrap one line, but never within backticks: that is code.

    Args:
        text: The line.
        width: The columns of the terminal; None to leave the line as it is.
        indent: What the second and later lines begin with.
    """
    if width is None or columns(text) <= width:
        return [text]
    start = len(text) - len(text.lstrip())
    lines = [text[:start]]
    for word in _words(text[start:]):
        spaced = f" {word}" if lines[-1].strip() else word
        if lines[-1].strip() and columns(lines[-1]) + columns(spaced) > width:
            lines.append(indent + word)
        else:
            lines[-1] += spaced
    return lines


def _words(text: str) -> Iterator[str]:
    word = ""
    for part in text.split(" "):
        word = f"{word} {part}" if word else part
        if word.count("`") % 2 == 0:
            yield word
            word = ""
    if word:
        yield word


def wrapped_paragraphs(lines: Iterable[str], width: int | None) -> Iterator[str]:
    """Wrap Markdown again, which was written for another width; code and headings stay.

    Args:
        lines: The Markdown; what is indented is code.
        width: The columns of the terminal; None to leave all lines as they are.
    """
    if width is None:
        yield from lines
        return
    paragraph: list[str] = []
    for line in (*lines, ""):
        if line and not line.startswith((" ", "#", "-", "|")):
            paragraph.append(line)
            continue
        if paragraph:
            yield from wrapped(" ".join(paragraph), width, "")
            paragraph = []
        yield line
