"""JUnit's XML, as CI systems agree on it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

from revgate.findings import WARNING
from revgate.reports import render

if TYPE_CHECKING:
    from pathlib import Path

ALLOWED = {
    "testsuites": {"name", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "time"},
    "testcase": {"name", "classname", "file", "time"},
    "failure": {"message", "type"},
    "system-out": set(),
}


def read(text: str) -> ET.Element:
    root = ET.fromstring(text.encode())  # noqa: S314 - of our own making
    for element in root.iter():
        assert set(element.attrib) == ALLOWED[element.tag]
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.attrib["tests"]) == len(cases)
        assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
        assert all(len(case.findall("failure")) <= 1 for case in cases)
    assert int(root.attrib["tests"]) == len(root.findall("testsuite/testcase"))
    assert int(root.attrib["failures"]) == len(root.findall("testsuite/testcase/failure"))
    return root


def test_a_real_run(repository: Path, run: Any) -> None:
    root = read(run("check", "--format", "junit")[1])
    assert root.attrib["tests"] == "3"
    assert root.attrib["failures"] == "2"


def test_a_case_for_each_revision_and_one_failure_at_most(make: Any) -> None:
    findings = [
        make.finding(1),
        make.finding(1, rule="file-name"),
        make.finding(2, severity=WARNING),
    ]
    made = make(findings, 4)
    root = read(render(made.result, "junit", details=made.details))
    cases = {case.attrib["name"]: case for case in root.iter("testcase")}
    assert list(cases) == ["r0", "r1", "r2", "r3"]
    (failure,) = cases["r1"]
    assert failure.attrib["type"] == "empty-downgrade, file-name"
    assert failure.text is not None
    assert "error[file-name]" in failure.text
    (out,) = cases["r2"]
    assert out.tag == "system-out"
    assert not list(cases["r3"])


def test_a_file_that_is_not_a_revision_is_a_case_too(make: Any) -> None:
    found = make.finding(revision=None, path="migrations/versions/broken.py")
    made = make([found], 1)
    root = read(render(made.result, "junit", details=made.details))
    assert [case.attrib["name"] for case in root.iter("testcase")] == ["r0", "broken.py"]


def test_times_come_from_the_round_trip(make: Any, trip_of: Any) -> None:
    trip = trip_of(r0={"upgrade_ms": 1000.0, "downgrade_ms": 234.0}, r1={"downgrade_ms": None})
    made = make(roundtrips=trip)
    root = read(render(made.result, "junit", details=made.details))
    times = [case.attrib["time"] for case in root.iter("testcase")]
    assert times == ["1.234", "0.012", "0.000"]
    assert root[0].attrib["time"] == "1.246"
