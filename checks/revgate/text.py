"""Text for people: plurals, truncation, and characters made safe to print."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 error`, `2 errors`."""
    return f"{number} {plural(number, noun)}"


def plural(number: int, noun: str) -> str:
    """Return the noun alone, in the plural unless the number is 1."""
    return noun if number == 1 else f"{noun}s"


def truncate(text: str, length: int, ellipsis: str = "…") -> str:
    """Shorten text to a length, the ellipsis included."""
    return text if len(text) <= length else text[: length - len(ellipsis)] + ellipsis


def quoted(names: Sequence[str], most: int = 5) -> str:
    """Return names in backticks, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(f"`{each}`" for each in names[:most]) + more


def nearest(word: str, valid: list[str]) -> str:
    """Return `; did you mean 'x'?` with the closest valid word; nothing if none is close."""
    from difflib import get_close_matches

    close = get_close_matches(word, valid, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def choose_one(names: Iterable[str]) -> str:
    """Return the message for a command that takes one environment, where there are several."""
    return (
        f"this project has several environments: {', '.join(names)}. Choose one with --environment"
    )


def printable(text: str) -> str:
    """Escape characters that would move the cursor, change colors, or not encode."""
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable()
        else character.encode("unicode_escape", "surrogatepass").decode("ascii")
        for character in text
    )


def harmless(line: str) -> str:
    """Break up text that a GitHub runner would execute as a workflow command.

    The runner looks for `::` at the start of a line, after spaces, and for `##[` anywhere
    (`ActionCommand` in actions/runner).
    """
    if "##[" in line:
        line = line.replace("##[", "#\\x23[")
    if line.lstrip().startswith("::"):
        line = line.replace("::", "\\x3a:", 1)
    return line
