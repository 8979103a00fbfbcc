"""Escapes text from a repository for HTML."""

from __future__ import annotations

from html import escape as _escape

from revgate.text import printable


def escape(text: str) -> str:
    """Escape words, for an element or for an attribute in quotes."""
    return _escape(printable(text), quote=True)


def code(text: str) -> str:
    """Show a name as code."""
    return f"<code>{escape(text)}</code>"


def words(text: str) -> str:
    """Escape a message; text in backticks becomes code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return "".join(
        (code(part) if part else "") if at % 2 else escape(part) for at, part in enumerate(parts)
    )
