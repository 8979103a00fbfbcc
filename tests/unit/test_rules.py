"""A rule declares what it judges, and a mistake in that is found at import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from revgate.checking.selection import Choice
from revgate.rules import (
    CHAIN,
    ERROR,
    SUBJECTS,
    WARNING,
    Finding,
    all_rules,
    rule,
    rules_that_judge,
)
from revgate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def test_each_rule_is_found_under_its_subject() -> None:
    found = [each.name for subject in SUBJECTS for each in rules_that_judge(subject)]
    assert sorted(found) == sorted(all_rules())


def silent(script: object) -> Iterable[Finding]:
    yield from (local := ())
    assert not local


def test_a_subject_is_the_name_of_the_only_parameter() -> None:
    assert rule(severity=ERROR, group=CHAIN)(silent).judges == "script"


def misspelt(histroy: object) -> Iterable[Finding]:
    return ()


def none() -> Iterable[Finding]:
    yield from (script := ())  # a local variable is not a parameter
    assert not script


def two(history: object, merge: object) -> Iterable[Finding]:
    return ()


def optional(history: object, *, strict: bool = False) -> Iterable[Finding]:
    return ()


def variadic(*history: object) -> Iterable[Finding]:
    return ()


def keywords(history: object, **merge: object) -> Iterable[Finding]:
    return ()


def by_keyword(*, history: object) -> Iterable[Finding]:
    return ()


@pytest.mark.parametrize(
    ("check", "parameters"),
    [
        (misspelt, "histroy"),
        (none, ""),
        (two, "history, merge"),
        (optional, "history, strict"),
        (variadic, "history"),
        (keywords, "history, merge"),
        (by_keyword, "history"),
    ],
)
def test_any_other_parameters_are_refused(check: Callable[..., Any], parameters: str) -> None:
    with pytest.raises(TypeError) as refusal:
        rule(severity=ERROR, group=CHAIN)(check)
    assert str(refusal.value) == (
        "the rule 'test-rules' must take one parameter, named head, script, history, merge,"
        f" observed, settled or change, not ({parameters})"
    )


OFF = {each.name for each in all_rules().values() if not each.enabled}


@pytest.mark.parametrize(
    ("settings", "select", "running"),
    [
        (Settings(), (), set()),
        (Settings(ignore=("wide-index",), severity=(("wide-index", "error"),)), (), set()),
        (Settings(enable=("wide-index",)), (), {"wide-index"}),
        (Settings(enable=("wide-index",), ignore=("wide-index",)), (), {"wide-index"}),
        (Settings(), ("wide-index", "blocking-lock"), {"wide-index"}),
        (Settings(enable=("schema",)), ("wide-index",), {"wide-index"}),
        (Settings(enable=("live",)), (), OFF & {"missing-statement-timeout"}),
        (Settings(enable=("schema",)), (), OFF - {"missing-statement-timeout"}),
    ],
)
def test_a_rule_that_is_off_runs_where_it_is_named(
    settings: Settings, select: tuple[str, ...], running: set[str]
) -> None:
    choice = Choice(settings, select)

    assert {each.name for each in choice.rules} & OFF == running
    assert {each.name for each in choice.stage(live=True)} & OFF == running
    reported = {each.name for each in choice.rules if each.reported} & OFF
    assert reported == running - {*settings.ignore}


def test_what_is_proved_is_an_error_unless_the_settings_give_a_severity() -> None:
    rule = all_rules()["breaks-running-code"]
    proved = Finding("m", "h", "p.py")
    milder = proved._replace(severity=WARNING)

    configured = (None, "error", "warning")
    found = [
        tuple(rule.with_severity(each).severity_of(finding) for finding in (proved, milder))
        for each in configured
    ]
    assert found == [(ERROR, WARNING), (ERROR, ERROR), (WARNING, WARNING)]
