"""A self-contained page: the verdict, the revisions to review, and the chain that they are part of.

The contents of a revision come from `revision`; style and behavior from `page.css` and `page.js`.
The page loads nothing: its content security policy lists its own parts by hash, so it can be
archived and shared.
"""

from __future__ import annotations

import base64
import hashlib
import os
from typing import TYPE_CHECKING, NamedTuple

from revgate import __version__
from revgate.reports import HOME, durations, in_reading_order, passes, verdict
from revgate.reports.advice import next_steps
from revgate.reports.chain import order
from revgate.reports.changes import in_other_contexts, to_review
from revgate.reports.elements import code, escape, words
from revgate.reports.finding import findings
from revgate.reports.overview import overview
from revgate.reports.revision import Facts, Room, kind, row
from revgate.reports.rows import chain
from revgate.text import count, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from revgate.findings import Finding
    from revgate.history.history import History
    from revgate.history.revision import Revision
    from revgate.reports import Style
    from revgate.reports.detail import Detail
    from revgate.result import Result
    from revgate.roundtrip.observed import Step

_MOST_WITH_FINDINGS = 30
"""Revisions with findings that are shown before the chain; others are in their place in it."""
_MOST_OPEN = 12


class _Shown(NamedTuple):
    """A chain of the page, with what is known of its revisions."""

    history: History
    facts: Facts


def render(result: Result, details: Sequence[Detail], style: Style) -> str:
    """Write the page."""
    return "".join(f"{line}\n" for line in _page(result, details, style))


def _page(result: Result, details: Sequence[Detail], style: Style) -> Iterator[str]:
    script, about = _part("page.js"), style.about.words if style.about else ()
    yield from _head(" · ".join([f"revgate: {verdict(result)}", *about]), script)
    yield '<body>\n<a class="skip" href="#chain">To the chain</a>'
    yield from _header(result, about)
    yield f"{_FILTER}\n<main>"
    places = _places(details)
    by_file: dict[str, list[Finding]] = {}
    for found in in_reading_order(result):
        by_file.setdefault(found.path, []).append(found)
    yield from _elsewhere(by_file, style, places)
    above = _above(result, places, by_file)
    shown = _chains(result, details, style, places, by_file, frozenset(above))
    yield from _review(shown, above, by_file)
    yield from _whole(shown)
    yield from _passes(result)
    yield from _notes(result)
    yield f'</main>\n<footer><a href="{HOME}">revgate</a> {__version__}</footer>'
    yield f"<script>{script}</script>\n</body>\n</html>"


def _head(title: str, script: str) -> Iterator[str]:
    css = _part("page.css")
    policy = (
        f"default-src 'none'; style-src {_hash(css)}; script-src {_hash(script)};"
        " base-uri 'none'; form-action 'none'"
    )
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>{escape(title)}</title>\n<style>{css}</style>\n</head>"


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


def _header(result: Result, about: Sequence[str]) -> Iterator[str]:
    yield f'<header class="{"bad" if result.errors or result.problem else "good"}">'
    if about:
        yield f'<p class="about">{"".join(f"<span>{escape(each)}</span>" for each in about)}</p>'
    yield f"<h1>{escape(verdict(result))}</h1>"
    yield from (f'<p class="next">{words(each)}</p>' for each in next_steps(result))
    for judged in result.environments:
        heads = ", ".join(map(code, judged.heads)) or "none"
        word = "head" if len(judged.heads) == 1 else "heads"
        name = escape(judged.environment.name)
        yield f"<p>{name}: {count(judged.revisions, 'revision')}, {word} {heads}</p>"
    yield "</header>"


def _elsewhere(
    by_file: Mapping[str, Sequence[Finding]], style: Style, places: Mapping[str, str]
) -> Iterator[str]:
    """Yield the findings of files that are not revisions of a chain."""
    found = [each for path, some in by_file.items() if path not in places for each in some]
    if found:
        yield '<section aria-labelledby="findings"><h2 id="findings">Findings</h2>'
        yield from findings(found, style.sources, places)
        yield "</section>"


def _chains(
    result: Result,
    details: Sequence[Detail],
    style: Style,
    places: Mapping[str, str],
    by_file: Mapping[str, Sequence[Finding]],
    above: frozenset[str],
) -> list[_Shown]:
    written = {
        path: [*findings(some, style.sources, places, within=path)]
        for path, some in by_file.items()
        if path in places
    }
    severities = {path: [each.severity.value for each in some] for path, some in by_file.items()}
    steps, others, room = _steps(result), _others(result), Room()
    return [
        _Shown(
            each.history,
            Facts(
                places,
                written,
                severities,
                steps.get(each.history.environment.name, {}),
                others.get(each.history.environment.name, {}),
                each.operations,
                above,
                room,
            ),
        )
        for each in details
    ]


def _above(
    result: Result, places: Mapping[str, str], by_file: Mapping[str, Sequence[Finding]]
) -> list[str]:
    """Return the paths of what is to be reviewed: with findings, the worst first, then new."""
    with_findings = [path for path in by_file if path in places][:_MOST_WITH_FINDINGS]
    new = [step.revision.path for step in to_review(result) if step.revision.path in places]
    return [*dict.fromkeys([*with_findings, *new])]


def _steps(result: Result) -> dict[str, dict[str, Step]]:
    """Return the steps of the round trips, by environment and revision."""
    return {
        trip.environment.name: {step.revision.id: step for step in trip.steps}
        for trip in result.roundtrips
    }


def _others(result: Result) -> dict[str, dict[str, Sequence[tuple[str, Step]]]]:
    """Return what revisions did in further contexts, by environment and revision."""
    found: dict[str, dict[str, Sequence[tuple[str, Step]]]] = {}
    for (environment, key), steps in in_other_contexts(result).items():
        found.setdefault(environment, {})[key] = steps
    return found


def _review(
    shown: Sequence[_Shown], above: Sequence[str], by_file: Mapping[str, Sequence[Finding]]
) -> Iterator[str]:
    """Yield the revisions that are to be reviewed."""
    if not above:
        return
    revisions: dict[str, tuple[_Shown, Revision]] = {
        revision.path: (each, revision) for each in shown for revision in order(each.history)
    }
    yield '<section aria-labelledby="review"><h2 id="review">To review</h2>'
    for number, path in enumerate(above):
        each, revision = revisions[path]
        dot = f'<i class="dot {kind(each.history, revision, each.facts)}"></i>'
        yield row(each.history, revision, each.facts, (dot, ""), is_open=number < _MOST_OPEN)
    left = len(by_file.keys() & revisions.keys() - {*above})
    if left:
        revisions_left = f"{left} more {plural(left, 'revision')}"
        yield f"<p>{revisions_left} with findings, each in its place in the chain.</p>"
    yield "</section>"


def _whole(shown: Sequence[_Shown]) -> Iterator[str]:
    yield '<section aria-labelledby="chain"><h2 id="chain" tabindex="-1">The chain</h2>'
    for each in shown:
        if len(shown) > 1:
            yield f"<h3>{escape(each.history.environment.name)}</h3>"
        kinds = {
            revision.path: said
            for revision in order(each.history)
            if (said := kind(each.history, revision, each.facts)) != "plain"
        }
        yield from overview(each.history, kinds, each.facts.places)
        yield '<div class="chain">'
        yield from chain(each.history, each.facts)
        yield "</div>"
    yield "</section>"


def _passes(result: Result) -> Iterator[str]:
    if not result.roundtrips:
        return
    server = result.roundtrips[0].server
    yield '<section aria-labelledby="passes"><h2 id="passes">Round trip</h2>'
    yield f"<p>PostgreSQL {escape(server.version)} ({escape(server.kind)})</p>"
    yield '<table><thead><tr><th scope="col">pass</th><th scope="col">tables</th>'
    yield '<th scope="col">seconds</th></tr></thead><tbody>'
    for name, each in passes(result):
        failed = "" if each.complete else ' <b class="error">failed</b>'
        yield (
            f'<tr><th scope="row">{escape(name)}{failed}</th><td>{each.tables}</td>'
            f"<td>{each.seconds:.2f}</td></tr>"
        )
    for name, seconds in durations(result):
        yield f'<tr><th scope="row">{escape(name)}</th><td></td><td>{seconds:.2f}</td></tr>'
    yield "</tbody></table></section>"


def _notes(result: Result) -> Iterator[str]:
    if result.remarks:
        yield '<section aria-labelledby="notes"><h2 id="notes">Not checked</h2><ul>'
        yield from (f"<li>{words(note)}</li>" for note in result.remarks)
        yield "</ul></section>"


_FILTER = """<form id="filter" hidden>
<label>Search <input type="search" id="words" autocomplete="off" spellcheck="false"></label>
<label>Show <select id="kind">
<option value="">all revisions</option>
<option value="error">with errors</option>
<option value="warning">with warnings</option>
<option value="new">new ones</option>
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
