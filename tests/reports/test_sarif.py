"""SARIF by its own schema, and what code scanning makes of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic_sarif.model import (  # type: ignore[import-untyped]  # made of the schema, untyped
    StaticAnalysisResultsFormatSarifVersion210JsonSchema as Log,
)

from revgate.findings import WARNING, Related
from revgate.reports import render, sarif
from revgate.rules import all_rules

if TYPE_CHECKING:
    from pathlib import Path


def read(text: str) -> Any:
    assert text.isascii()
    document = json.loads(text)
    Log.model_validate(document)
    (run,) = document["runs"]
    return run


def test_a_real_run_is_valid(repository: Path, run: Any) -> None:
    found = read(run("check", "--format", "sarif")[1])
    assert {each["ruleId"] for each in found["results"]} == {
        *("multiple-heads", "empty-downgrade", "future-timestamp"),
    }
    assert found["automationDetails"]["id"] == "revgate/check/"


def test_every_rule_has_its_help(make: Any) -> None:
    rules = read(render(make().result, "sarif"))["tool"]["driver"]["rules"]
    assert [each["id"] for each in rules] == list(all_rules())
    for each in rules:
        assert "## Instead" in each["help"]["markdown"]
        assert "\n" not in each["fullDescription"]["text"]
        assert each["helpUri"].startswith("https://")


def test_places_and_levels(make: Any) -> None:
    near = Related("migrations/versions/é r1.py", 3, "`r1` is a head")
    found = make.finding(severity=WARNING, related=(near,), path="migrations/versions/a b#%.py")
    (result,) = read(render(make([found]).result, "sarif"))["results"]
    assert result["level"] == "warning"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "migrations/versions/a%20b%23%25.py"
    assert place["region"] == {"startLine": 12, "startColumn": 5}
    (related,) = result["relatedLocations"]
    assert related["physicalLocation"]["artifactLocation"]["uri"].endswith("%C3%A9%20r1.py")
    assert related["message"]["text"] == "`r1` is a head"


def identities(make: Any, *findings: Any) -> list[str]:
    results = read(render(make(list(findings)).result, "sarif"))["results"]
    return [each["partialFingerprints"]["primaryLocationLineHash"] for each in results]


def test_a_finding_is_recognised_when_lines_move_or_the_file_is_renamed(make: Any) -> None:
    plain = identities(make, make.finding())
    assert identities(make, make.finding(line=99, column=1)) == plain
    assert identities(make, make.finding(path="migrations/versions/other.py")) == plain
    assert identities(make, make.finding(revision="r1")) != plain
    assert identities(make, make.finding(message="another")) != plain
    assert identities(make, make.finding(environment="billing")) != plain


def test_of_equal_findings_each_has_its_own(make: Any) -> None:
    first, second = identities(make, make.finding(line=1), make.finding(line=2))
    assert first != second
    assert first == identities(make, make.finding(line=2))[0]


def test_a_file_that_is_not_a_revision_is_recognised_by_its_path(make: Any) -> None:
    one, other = (make.finding(revision=None, path=path) for path in ("a.py", "b.py"))
    assert identities(make, one) != identities(make, other)


def test_too_many_results_are_cut_off_and_that_is_said(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sarif.MOST == 25_000
    monkeypatch.setattr(sarif, "MOST", 2)
    findings = [make.finding(0, severity=WARNING), make.finding(1), make.finding(2)]
    run = read(render(make(findings).result, "sarif"))
    assert [each["level"] for each in run["results"]] == ["error", "error"]
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("1 finding more")


@pytest.fixture
def allowed(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty downgrade is allowed, with a reason."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    path = repository / "migrations" / "versions" / "20250102000000_step.py"
    comment = "# revgate: allow[empty-downgrade] <b>the column</b> held derived data\ndef downgrade"
    path.write_text(path.read_text().replace("def downgrade", comment))
    return repository


def suppressed(run: Any, *options: str) -> list[Any]:
    results = read(run("check", "--format", "sarif", *options)[1])["results"]
    return [each for each in results if "suppressions" in each]


@pytest.mark.parametrize("options", [(), ("--no-cache",)])
def test_what_is_allowed_is_marked_as_suppressed(
    allowed: Path, run: Any, options: tuple[str, ...]
) -> None:
    for _ in range(2):  # the second time, from the cache
        (result,) = suppressed(run, *options)
        assert result["ruleId"] == "empty-downgrade"
        assert result["suppressions"] == [
            {
                "kind": "inSource",
                "justification": "<b>the column</b> held derived data",
            }
        ]
    assert json.loads(run("check", "--format", "json")[1])["summary"]["allowed"] == 1


def test_code_scanning_would_open_an_alert_so_it_gets_nothing(
    allowed: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert suppressed(run) == []


def test_a_finding_keeps_its_identity_when_it_is_allowed(
    repository: Path, run: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    results = read(run("check", "--format", "sarif")[1])["results"]
    (before,) = [each for each in results if each["ruleId"] == "empty-downgrade"]
    request.getfixturevalue("allowed")
    (after,) = suppressed(run)
    assert after["partialFingerprints"] == before["partialFingerprints"]
