"""Escapes text from a repository for GitHub's Markdown.

Character references can never become Markdown structure (CommonMark, section 2.5).
"""

from __future__ import annotations

from revgate.text import printable

_PLAIN = frozenset(" ,;.()-+=?/'")


def words(text: str) -> str:
    """Escape a message; text in backticks becomes code, everything else stays plain."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return plain(text)
    return "".join(
        (code(part) if part else "") if at % 2 else plain(part) for at, part in enumerate(parts)
    )


def plain(text: str) -> str:
    """Escape words; the `@` is separated from the name, so no one is mentioned."""
    return "".join(map(_escaped, printable(text))).replace("&#64;", "&#64;&#8203;")


def code(text: str) -> str:
    """Show a name as code, with an element rather than backticks, which it might contain."""
    return f"<code>{''.join(map(_escaped, printable(text)))}</code>"


def _escaped(character: str) -> str:
    if character.isalnum() or character in _PLAIN:
        return character
    return f"&#{ord(character)};"
