"""Writes a finding as HTML: the fact, the code that it is about, and what to write instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from revgate.reports import rule_link
from revgate.reports.advice import pieces
from revgate.reports.elements import code, escape, words
from revgate.reports.excerpt import excerpt
from revgate.reports.wrapping import columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from revgate.findings import Finding, Related

_UNDERLINED = re.compile(r" +\| +(\^+)$")


def findings(
    found: Sequence[Finding],
    sources: Mapping[str, Sequence[str]],
    places: Mapping[str, str],
    *,
    within: str = "",
) -> Iterator[str]:
    """Yield findings; code that several are about is shown with the first.

    Args:
        found: The findings.
        sources: The lines of their files, by path.
        places: The name of each revision's row, by path.
        within: The file that they are shown with, which is not named again.
    """
    shown: set[tuple[str, int, int]] = set()
    for each in found:
        place = (each.path, each.line, each.column)
        yield _finding(each, {} if place in shown else sources, places, within)
        shown.add(place)


def _finding(
    found: Finding, sources: Mapping[str, Sequence[str]], places: Mapping[str, str], within: str
) -> str:
    where = f"line {found.line}" if found.path == within else code(f"{found.path}:{found.line}")
    severity = found.severity.value
    lines = [*excerpt(sources.get(found.path, ()), found.line, found.column, None)]
    related = "".join(
        f"<li>{_place(each, places, within)}: {words(each.message)}"
        f"{_code(_line_of(each, sources) if each[:2] != (found.path, found.line) else ())}</li>"
        for each in found.related
    )
    return (
        f'<div class="finding {severity}"><p><b class="{severity}">{severity}</b>'
        f' <a href="{rule_link(found.rule)}">{escape(found.rule)}</a> {words(found.message)}'
        f' <span class="where">{where}</span></p>{_code(lines)}'
        + (f'<ul class="related">{related}</ul>' if related else "")
        + f"{_help(found.help)}</div>"
    )


def _line_of(related: Related, sources: Mapping[str, Sequence[str]]) -> Sequence[str]:
    return [*excerpt(sources.get(related.path, ()), related.line, None, None)]


def _code(lines: Sequence[str]) -> str:
    """Write an excerpt; the line that underlines a place becomes a mark within the one before."""
    if not lines:
        return ""
    shown = [escape(line) for line in lines]
    if len(lines) > 1 and (found := _UNDERLINED.match(lines[-1])):
        text = lines[-2]
        start, end = (_character(text, each) for each in found.span(1))
        parts = (escape(part) for part in (text[:start], text[start:end], text[end:]))
        shown[-2:] = ["{}<mark>{}</mark>{}".format(*parts)]
    return "<pre>{}</pre>".format("\n".join(shown))


def _character(text: str, column: int) -> int:
    """Return the number of the character at a column; some characters take two."""
    return next((at for at in range(len(text)) if columns(text[:at]) >= column), len(text))


def _help(text: str) -> str:
    said = "".join(
        f"<pre>{escape(part)}</pre>" if is_code else f"<p>{words(part)}</p>"
        for is_code, part in pieces(text)
    )
    return f'<div class="help">{said}</div>' if said else ""


def _place(related: Related, places: Mapping[str, str], within: str) -> str:
    """Name a related place; one in another revision links to it."""
    if related.path == within:
        return f"line {related.line}"
    shown, place = code(f"{related.path}:{related.line}"), places.get(related.path)
    return f'<a href="#{place}">{shown}</a>' if place else shown
