"""Text that came from a repository, made harmless in GitHub's Markdown.

Knows Markdown's structure characters; an entity can never be one of them (CommonMark, 2.5: entity
references cannot be used in place of symbols that give structure).
"""

from __future__ import annotations

from revgate.text import printable

_PLAIN = frozenset(" ,;.()-+=?/'")


def words(text: str) -> str:
    """Escape a message; what stands in backticks becomes code, anything else is plain words."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return plain(text)
    return "".join(
        (code(part) if part else "") if at % 2 else plain(part) for at, part in enumerate(parts)
    )


def plain(text: str) -> str:
    """Escape words; nobody is mentioned, since the sign of a mention does not touch its name."""
    return "".join(map(_escaped, printable(text))).replace("&#64;", "&#64;&#8203;")


def code(text: str) -> str:
    """Show a name as code, by an element and not by backticks, of which it might hold some."""
    return f"<code>{''.join(map(_escaped, printable(text)))}</code>"


def _escaped(character: str) -> str:
    if character.isalnum() or character in _PLAIN:
        return character
    return f"&#{ord(character)};"
