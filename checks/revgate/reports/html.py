"""A self-contained page: the chain, and what each revision did and has wrong.

One row per revision comes from `rows`; style and behavior from `page.css` and `page.js`. The page
loads nothing: its content security policy lists its own parts by hash, so it can be archived and
shared.
"""

from __future__ import annotations

import base64
import hashlib
import os
from typing import TYPE_CHECKING

from revgate import __version__
from revgate.reports import HOME, most_severe_first, passes, rule_link, verdict
from revgate.reports.chain import order
from revgate.reports.elements import code, escape, words
from revgate.reports.rows import Facts, chain
from revgate.text import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from revgate.findings import Finding
    from revgate.reports.detail import Detail
    from revgate.result import Result
    from revgate.roundtrip.observed import Step

MOST_LISTED = 200
"""Findings listed above the chain; each revision lists all of its own."""


def render(result: Result, details: Sequence[Detail]) -> str:
    """Write the page."""
    return "".join(f"{line}\n" for line in _page(result, details))


def _page(result: Result, details: Sequence[Detail]) -> Iterator[str]:
    style, script = _part("page.css"), _part("page.js")
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)};"
        " base-uri 'none'; form-action 'none'"
    )
    said = escape(verdict(result))
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>revgate: {said}</title>"
    yield f"<style>{style}</style>\n</head>\n<body>"
    yield '<a class="skip" href="#chain">To the chain</a>'
    yield f'<header class="{"bad" if result.errors else "good"}">'
    yield f"<h1>{said}</h1>"
    yield from _environments(result)
    yield "</header>\n<main>"
    places = _places(details)
    yield from _findings(result, places)
    yield from _passes(result)
    yield from _notes(result)
    yield from _chains(result, details, places)
    yield f'</main>\n<footer><a href="{HOME}">revgate</a> {__version__}</footer>'
    yield f"<script>{script}</script>\n</body>\n</html>"


def _part(name: str) -> str:
    with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as file:
        return file.read()


def _hash(text: str) -> str:
    """Name a style or a script as a content security policy does."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _places(details: Sequence[Detail]) -> dict[str, str]:
    """Name the row of each revision, by its path."""
    return {
        revision.path: f"e{number}-{at}"
        for number, detail in enumerate(details)
        for at, revision in enumerate(order(detail.history))
    }


def _environments(result: Result) -> Iterator[str]:
    for judged in result.environments:
        heads = ", ".join(map(code, judged.heads)) or "none"
        word = "head" if len(judged.heads) == 1 else "heads"
        name = escape(judged.environment.name)
        yield f"<p>{name}: {count(judged.revisions, 'revision')}, {word} {heads}</p>"


def _findings(result: Result, places: Mapping[str, str]) -> Iterator[str]:
    if not result.findings:
        return
    ordered = [result.findings[at] for at in most_severe_first(result)]
    # Findings without a revision are all listed here, however many.
    shown = [each for at, each in enumerate(ordered) if at < MOST_LISTED or each.path not in places]
    yield '<section aria-labelledby="findings"><h2 id="findings">Findings</h2><ul class="findings">'
    for each in shown:
        yield f"<li>{finding(each, places)}</li>"
    yield "</ul>"
    if len(shown) < len(ordered):
        yield f"<p>{count(len(ordered) - len(shown), 'finding')} more, each at its revision.</p>"
    yield "</section>"


def finding(found: Finding, places: Mapping[str, str]) -> str:
    """Write one finding, with a link to its revision if that is on the page."""
    severity = found.severity.value
    where = f"{found.path}:{found.line}:{found.column}"
    told = "".join(f"<p>{words(line)}</p>" for line in found.help.splitlines())
    related = "".join(
        f"<li>{_link(each.path, f'{each.path}:{each.line}', places)} {words(each.message)}</li>"
        for each in found.related
    )
    return (
        f'<p><b class="{severity}">{severity}</b> <a href="{rule_link(found.rule)}">'
        f"{escape(found.rule)}</a> {words(found.message)}</p>"
        f"<p>{_link(found.path, where, places)}</p>"
        + (f'<ul class="related">{related}</ul>' if related else "")
        + (f'<div class="help">{told}</div>' if told else "")
    )


def _link(path: str, shown: str, places: Mapping[str, str]) -> str:
    place = places.get(path)
    return f'<a href="#{place}">{code(shown)}</a>' if place else code(shown)


def _passes(result: Result) -> Iterator[str]:
    if not result.roundtrips:
        return
    server = result.roundtrips[0].server
    yield '<section aria-labelledby="passes"><h2 id="passes">Round trip</h2>'
    yield f"<p>PostgreSQL {escape(server.version)} ({escape(server.kind)})</p>"
    yield '<table><thead><tr><th scope="col">pass</th><th scope="col">tables</th>'
    yield '<th scope="col">seconds</th></tr></thead><tbody>'
    for name, each in passes(result):
        yield (
            f'<tr><th scope="row">{escape(name)}</th><td>{each.tables}</td>'
            f"<td>{each.seconds:.2f}</td></tr>"
        )
    yield "</tbody></table></section>"


def _notes(result: Result) -> Iterator[str]:
    if result.remarks:
        yield '<section aria-labelledby="notes"><h2 id="notes">Not checked</h2><ul>'
        yield from (f"<li>{words(note)}</li>" for note in result.remarks)
        yield "</ul></section>"


def _chains(result: Result, details: Sequence[Detail], places: Mapping[str, str]) -> Iterator[str]:
    told: dict[str, list[str]] = {}
    severities: dict[str, list[str]] = {}
    for found in result.findings:
        told.setdefault(found.path, []).append(finding(found, places))
        severities.setdefault(found.path, []).append(found.severity.value)
    steps = _steps(result)
    yield '<section aria-labelledby="chain"><h2 id="chain" tabindex="-1">The chain</h2>'
    yield _FILTER
    for detail in details:
        name = detail.history.environment.name
        if len(details) > 1:
            yield f"<h3>{escape(name)}</h3>"
        facts = Facts(places, told, severities, steps.get(name, {}), detail.operations)
        yield '<div class="chain">'
        yield from chain(detail.history, facts)
        yield "</div>"
    yield "</section>"


def _steps(result: Result) -> dict[str, dict[str, Step]]:
    """Return the steps of the round trips, by environment and revision."""
    return {
        trip.environment.name: {step.revision.id: step for step in trip.steps}
        for trip in result.roundtrips
    }


_FILTER = """<form id="filter" hidden>
<label>Search <input type="search" id="words" autocomplete="off" spellcheck="false"></label>
<label>Show <select id="kind">
<option value="">all revisions</option>
<option value="error">with errors</option>
<option value="warning">with warnings</option>
<option value="head">heads</option>
<option value="fork">branch and merge points</option>
<option value="lock">that lock tables</option>
<option value="rewrite">that rewrite tables</option>
<option value="slow">that take over a second</option>
<option value="oneway">without a downgrade</option>
</select></label>
<button type="button" id="open">Open all</button>
<button type="button" id="close">Close all</button>
<output id="count" for="words kind"></output>
<p class="keys"><kbd>/</kbd> search, <kbd>j</kbd> and <kbd>k</kbd> next and previous,
<kbd>Enter</kbd> open</p>
</form>"""
