"""The formats: pure functions from a result to text, one module a format.

Knows how a result looks, and nothing of where it came from. Whatever stood in a repository (file
names, ids, messages) is data here, and can become neither markup nor a terminal escape.
"""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from revgate.findings import Result

FORMATS = ("text", "json")


class Style(NamedTuple):
    """What the place that the text goes to can show."""

    color: bool = False
    quiet: bool = False
    """Findings only, without the summary."""


def render(result: "Result", form: str, style: Style = Style()) -> str:  # noqa: B008 - immutable
    """Write a result in one of `FORMATS`."""
    from importlib import import_module

    module = import_module(f"{__name__}.{form}")
    write: Callable[[Result, Style], str] = module.render
    return write(result, style)


def printable(text: str) -> str:
    """Show what would move the cursor, change colours, or not encode, as escapes."""
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable()
        else character.encode("unicode_escape", "surrogatepass").decode("ascii")
        for character in text
    )
