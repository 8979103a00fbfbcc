"""JUnit's XML: a suite for each environment, a case for each revision.

Knows the format as CI systems agree on it (there is no standard of it): one `failure` a case, so
that all findings of one revision stand in one text. Warnings are no failures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from revgate.findings import ERROR
from revgate.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from revgate.findings import Finding
    from revgate.reports.detail import Detail
    from revgate.result import Judged, Result

_Cases = dict[tuple[str, str], "list[Finding]"]
"""Findings by path and revision."""


def render(result: Result, details: Sequence[Detail]) -> str:
    """Write an XML document of characters that every XML 1.0 may hold."""
    lines = list(_document(result, details))
    return "".join(f"{line}\n" for line in lines)


def _document(result: Result, details: Sequence[Detail]) -> Iterator[str]:
    histories = {each.history.environment.name: each for each in details}
    suites = [
        (judged, _cases(result, judged, histories.get(judged.environment.name)))
        for judged in result.environments
    ]
    tests = sum(len(cases) for _, cases in suites)
    failures = sum(_failures(cases) for _, cases in suites)
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield (f"<testsuites{_attributes(name='revgate', tests=tests, failures=failures, errors=0)}>")
    seconds = _seconds(result)
    for judged, cases in suites:
        yield from _suite(result, judged, cases, seconds)
    yield "</testsuites>"


def _cases(result: Result, judged: Judged, detail: Detail | None) -> _Cases:
    cases: _Cases = {}
    if detail is not None:
        for revision in detail.history.revisions:
            cases[revision.path, revision.id] = []
    for finding in result.findings:
        if finding.environment == judged.environment.name:
            key = (finding.path, finding.revision or finding.path.rpartition("/")[2])
            cases.setdefault(key, []).append(finding)
    return cases


def _failures(cases: _Cases) -> int:
    return sum(any(each.severity is ERROR for each in found) for found in cases.values())


def _seconds(result: Result) -> dict[str, float]:
    """Return how long each revision took, up and down, where a round trip ran."""
    revisions = result.roundtrip["revisions"] if result.roundtrip else ()
    return {
        each["revision"]: sum(each.get(key) or 0 for key in ("upgrade_ms", "downgrade_ms")) / 1000
        for each in revisions
    }


def _suite(
    result: Result, judged: Judged, cases: _Cases, seconds: dict[str, float]
) -> Iterator[str]:
    name = judged.environment.name
    failures = _failures(cases)
    total = f"{sum(seconds.get(key, 0) for _, key in cases):.3f}"
    head = _attributes(name=name, tests=len(cases), failures=failures, errors=0, time=total)
    yield f"  <testsuite{head}>"
    for (path, key), found in cases.items():
        time = f"{seconds.get(key, 0):.3f}"
        case = _attributes(name=key, classname=name, file=path, time=time)
        if found:
            yield f"    <testcase{case}>"
            yield from _told(found)
            yield "    </testcase>"
        else:
            yield f"    <testcase{case}/>"
    if result.notes:
        notes = "\n".join(f"note: {printable(note)}" for note in result.notes)
        yield f"    <system-out>{escape(notes)}</system-out>"
    yield "  </testsuite>"


def _told(found: Sequence[Finding]) -> Iterator[str]:
    errors = [each for each in found if each.severity is ERROR]
    warnings = [each for each in found if each.severity is not ERROR]
    if errors:
        rules = ", ".join(dict.fromkeys(each.rule for each in errors))
        head = _attributes(message=errors[0].message, type=rules)
        yield f"      <failure{head}>{escape(_text(errors))}</failure>"
    if warnings:
        yield f"      <system-out>{escape(_text(warnings))}</system-out>"


def _text(found: Iterable[Finding]) -> str:
    lines = []
    for each in found:
        place = f"{each.path}:{each.line}:{each.column}"
        lines.append(f"{place}: {each.severity.value}[{each.rule}] {each.message}")
        lines += [f"    {near.path}:{near.line}: {near.message}" for near in each.related]
        lines += [f"    help: {line}" for line in each.help.splitlines()]
    return "\n".join(map(printable, lines))


def _attributes(**values: object) -> str:
    return "".join(f" {name}={quoteattr(printable(str(value)))}" for name, value in values.items())
