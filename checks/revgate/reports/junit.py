"""JUnit XML: a suite for each environment, a case for each revision.

The format has no standard. CI systems agree on one `failure` per case, so all errors of a revision
share one; warnings are not failures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from revgate.findings import ERROR
from revgate.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from revgate.findings import Finding
    from revgate.reports import Style
    from revgate.reports.detail import Detail
    from revgate.result import Judged, Result

    _Cases = dict[tuple[str, str], list[Finding]]
    """Findings by path and revision."""
    _Seconds = dict[tuple[str, str], float]
    """Times by environment and revision."""


def render(result: Result, details: Sequence[Detail], _style: Style) -> str:
    """Write an XML document that holds only characters allowed in XML 1.0."""
    histories = {each.history.environment.name: each for each in details}
    suites = [
        (judged, _cases(result, judged, histories.get(judged.environment.name)))
        for judged in result.environments
    ]
    tests = sum(len(cases) for _, cases in suites)
    failures = sum(_failures(cases) for _, cases in suites)
    root = Element(
        "testsuites", _attributes(name="revgate", tests=tests, failures=failures, errors=0)
    )
    seconds = _seconds(result)
    for judged, cases in suites:
        _suite(root, result, judged, cases, seconds)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


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


def _seconds(result: Result) -> _Seconds:
    """Return how long each revision took up and down, by environment and revision."""
    return {
        (trip.environment.name, step.revision.id): step.total_ms / 1000
        for trip in result.roundtrips
        for step in trip.steps
    }


def _suite(root: Element, result: Result, judged: Judged, cases: _Cases, seconds: _Seconds) -> None:
    name = judged.environment.name
    counts = {"tests": len(cases), "failures": _failures(cases), "errors": 0}
    total = f"{sum(seconds.get((name, key), 0) for _, key in cases):.3f}"
    suite = SubElement(root, "testsuite", _attributes(name=name, **counts, time=total))
    for (path, key), found in cases.items():
        time = f"{seconds.get((name, key), 0):.3f}"
        values = _attributes(name=key, classname=name, file=path, time=time)
        _outcome(SubElement(suite, "testcase", values), found)
    if result.remarks:
        notes = "\n".join(f"note: {printable(note)}" for note in result.remarks)
        SubElement(suite, "system-out").text = notes


def _outcome(case: Element, found: Sequence[Finding]) -> None:
    errors = [each for each in found if each.severity is ERROR]
    warnings = [each for each in found if each.severity is not ERROR]
    if errors:
        rules = ", ".join(dict.fromkeys(each.rule for each in errors))
        values = _attributes(message=errors[0].message, type=rules)
        SubElement(case, "failure", values).text = _text(errors)
    if warnings:
        SubElement(case, "system-out").text = _text(warnings)


def _text(found: Iterable[Finding]) -> str:
    lines = []
    for each in found:
        place = f"{each.path}:{each.line}:{each.column}"
        lines.append(f"{place}: {each.severity.value}[{each.rule}] {each.message}")
        lines += [f"    {near.path}:{near.line}: {near.message}" for near in each.related]
        lines += [f"    help: {line}" for line in each.help.splitlines()]
    return "\n".join(map(printable, lines))


def _attributes(**values: object) -> dict[str, str]:
    return {name: printable(str(value)) for name, value in values.items()}
