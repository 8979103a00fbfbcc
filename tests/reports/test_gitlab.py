"""GitLab's Code Quality report, by the documentation of its format."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from revgate.findings import WARNING
from revgate.reports import render
from revgate.reports.gitlab import NOTE

if TYPE_CHECKING:
    from pathlib import Path


def read(text: str) -> list[dict[str, Any]]:
    assert text.isascii()
    issues: list[dict[str, Any]] = json.loads(text)
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert re.fullmatch(r"[0-9a-f]{32}", issue["fingerprint"])
        assert issue["location"]["lines"]["begin"] >= 1
        assert not issue["location"]["path"].startswith(("/", "./"))
    # GitLab shows the first of those that share a fingerprint.
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    return issues


def test_a_real_run(repository: Path, run: Any) -> None:
    names = {each["check_name"] for each in read(run("check", "--format", "gitlab")[1])}
    assert names == {"empty-downgrade", "multiple-heads", "future-timestamp"}


def test_nothing_found_is_an_empty_list(make: Any) -> None:
    assert read(render(make().result, "gitlab")) == []


def test_a_finding(make: Any) -> None:
    findings = [
        make.finding(),
        make.finding(1, severity=WARNING),
        make.finding(1, severity=WARNING),
    ]
    first, second, third = read(render(make(findings).result, "gitlab"))
    assert first["description"] == "`downgrade()` of `r0` does nothing"
    assert first["location"] == {"path": "migrations/versions/r0_step.py", "lines": {"begin": 12}}
    assert [each["severity"] for each in (first, second, third)] == ["major", "minor", "minor"]


def test_notes_are_reported_too(make: Any) -> None:
    (note,) = read(render(make(notes=("not looked at",)).result, "gitlab"))
    assert (note["check_name"], note["severity"]) == (NOTE, "info")
    assert note["location"]["path"] == "alembic.ini"
