"""Each defect is reported once, and no defect is lost."""

from __future__ import annotations

import pytest

from revgate.checking.gate import once
from revgate.findings import ERROR, WARNING, Finding, Severity


def finding(rule: str, revision: str = "a", severity: Severity = ERROR, line: int = 1) -> Finding:
    return Finding("m", "h", "x.py", line, revision=revision, rule=rule, severity=severity)


def rules(*findings: Finding) -> list[str]:
    return [each.rule for each in once(findings)]


def test_consequences_of_a_residue_are_not_reported() -> None:
    found = [finding(rule) for rule in ("downgrade-residue", "lopsided-downgrade")]
    assert rules(*found, finding("reupgrade-fails")) == ["downgrade-residue"]


@pytest.mark.parametrize("cause", ["downgrade-residue", "downgrade-loss", "empty-downgrade"])
def test_what_a_downgrade_leaves_changes_the_second_upgrade(cause: str) -> None:
    assert rules(finding(cause), finding("unrepeatable-upgrade")) == [cause]


@pytest.mark.parametrize("rule", ["reupgrade-fails", "unrepeatable-upgrade", "lopsided-downgrade"])
def test_without_an_error_as_cause_everything_is_reported(rule: str) -> None:
    assert rules(finding(rule)) == [rule]
    warning = finding("downgrade-residue", severity=WARNING)
    assert rules(warning, finding(rule)) == ["downgrade-residue", rule]


def test_another_revision_is_another_defect() -> None:
    found = rules(finding("downgrade-loss", "a"), finding("reupgrade-fails", "b"))
    assert found == ["downgrade-loss", "reupgrade-fails"]


def test_what_an_empty_downgrade_leaves_behind_belongs_to_it() -> None:
    left = finding("downgrade-residue")._replace(message="a type is left", help="drop it", line=3)
    (cause,) = once((finding("empty-downgrade"), left, finding("reupgrade-fails")))
    assert cause.rule == "empty-downgrade"
    assert [(each.line, each.message) for each in cause.related] == [(3, "a type is left")]
    assert cause.help == "h\ndrop it"


def test_a_downgrade_that_raises_is_reported_once() -> None:
    assert rules(finding("downgrade-fails"), finding("raising-downgrade")) == ["raising-downgrade"]


def test_a_drop_without_a_name_explains_only_its_own_line() -> None:
    cause = finding("unnamed-drop", line=7)
    assert rules(cause, finding("downgrade-fails", line=7)) == ["unnamed-drop"]
    assert rules(cause, finding("downgrade-fails", line=5)) == ["unnamed-drop", "downgrade-fails"]


def test_other_rules_are_not_touched() -> None:
    found = rules(finding("downgrade-residue"), finding("frozen-default"), finding("table-count"))
    assert found == ["downgrade-residue", "frozen-default", "table-count"]
