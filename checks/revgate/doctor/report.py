"""Renders an examination as text or JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from revgate import __version__
from revgate.postgres.snapshot.describe import alteration, label
from revgate.text import count, harmless, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.doctor.examination import Examination, Test
    from revgate.postgres.snapshot.change import CatalogueChange

_MOST = 30
"""How many details and differences of a test the text shows; JSON has all."""


def as_json(examination: Examination) -> str:
    """Render an examination for programs."""
    head = {"schema": 1, "revgate": __version__, "command": "doctor"}
    return json.dumps({**head, **examination.as_json()}, indent=2) + "\n"


def as_text(examination: Examination) -> str:
    """Render an examination for people."""
    return "".join(f"{harmless(printable(line))}\n" for line in _lines(examination))


def _lines(examination: Examination) -> Iterator[str]:
    for test in examination.tests:
        yield f"{_mark(test)} {test.says}"
        yield from _indented(test.details)
        if test.name == "revision" and examination.diagnosis:
            yield from _indented([_difference(each) for each in examination.diagnosis.changes])
    yield from (f"note: {note}" for note in examination.notes)
    yield ""
    failed = examination.failed
    yield f"✗ {count(failed, 'test')} failed" if failed else "✓ All tests passed!"
    yield f"  Current revision: {', '.join(examination.stamps) or 'none'}"
    yield f"  Tables in database: {examination.tables}"
    if examination.expected is not None:
        yield f"  Expected tables: {examination.expected}"
    if examination.commands:
        yield "  Commands to run, after reading them:"
        yield from (f"    {command}" for command in examination.commands)


def _mark(test: Test) -> str:
    if test.name == "models" and not test.passed:
        return "⚠"  # missing tables
    return "✗" if not test.passed else "⚠" if test.warning else "✓"


def _indented(lines: Sequence[str]) -> Iterator[str]:
    for line in lines[:_MOST]:
        yield f"    {line}"
    if len(lines) > _MOST:
        yield f"    and {len(lines) - _MOST} more; `--format json` has all"


def _difference(change: CatalogueChange) -> str:
    match change.how:
        case "left":
            return f"extra: {label(change)}"
        case "gone":
            return f"missing: {label(change)}"
        case _:
            return f"the database has {alteration(change)}"
