"""Annotations as GitHub's runner reads them."""

from __future__ import annotations

from typing import Any

from revgate.findings import WARNING, Related
from revgate.reports import render


def test_a_finding_is_an_annotation(make: Any) -> None:
    found = make.finding(related=(Related("b.py", 3, "`r1` is a head"),))
    lines = render(make([found]).result, "github").splitlines()
    assert lines == [
        (
            "::error file=migrations/versions/r0_step.py,line=12,col=5,"
            "title=revgate%3A empty-downgrade::`downgrade()` of `r0` does nothing"
            "%0Ab.py:3: `r1` is a head%0Ahelp: drop what `upgrade()` makes"
        ),
        "revgate: ✗ 1 error, 0 warnings",
    ]


def test_errors_come_first_ten_of_each_and_the_rest_is_counted(make: Any) -> None:
    findings = [make.finding(at, severity=WARNING) for at in range(11)]
    findings += [make.finding(at) for at in range(13)]
    lines = render(make(findings, 20).result, "github").splitlines()
    kinds = [line.partition(" ")[0] for line in lines]
    assert kinds == ["::error"] * 10 + ["::warning"] * 10 + ["::notice", "revgate:"]
    assert "and 3 errors and 1 warning more" in lines[-2]


def test_what_fits_needs_no_notice(make: Any) -> None:
    text = render(make([make.finding(at) for at in range(10)], 20).result, "github")
    assert "::notice" not in text
    assert render(make().result, "github") == "revgate: ✓ no errors\n"


def test_what_the_runner_undoes_is_escaped(make: Any) -> None:
    found = make.finding(message="100% of\r\n`a`", path="a,b:c%.py")
    line = render(make([found]).result, "github").splitlines()[0]
    assert "file=a%2Cb%3Ac%25.py," in line
    assert "::100%25 of\\r\\n`a`%0A" in line
