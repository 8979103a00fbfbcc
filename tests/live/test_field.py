"""The cases behind the page that compares other tools' rules with ours."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.live.test_recipes import revision

from revgate.rules import DOWNGRADE, all_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    ProjectMaker = Callable[..., Any]

ROOT = Path(__file__).resolve().parents[2]
FIELD = tomllib.loads((ROOT / "docs" / "field.toml").read_text())
CASES = [case for group in FIELD["group"] for case in group["case"]]
RUN = [case for case in CASES if "fires" in case]
OTHERS = (
    *("blocking-lock", "table-rewrite", "missing-lock-timeout", "breaks-running-code"),
    *("not-resumable", "unbounded-change", "fails-on-rows", "rows-lost", "upgrade-fails"),
)
"""What no clean twin may be reported for."""


def bodies(key: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield each revision of one kind, with its case."""
    for number, case in enumerate(RUN):
        for text in case[key]:
            statements = text.replace("{t}", f"t{number}").split(" ; ")
            yield case, revision(*statements, limits=case.get("limits", True))


def ground() -> str:
    made = []
    for number, case in enumerate(RUN):
        statements = (FIELD["ground"], *case.get("before", ()))
        made += [each.replace("{t}", f"t{number}") for each in statements]
    return revision(*made)


def observe(project: ProjectMaker, key: str) -> tuple[Any, list[dict[str, Any]]]:
    cases, texts = zip(*bodies(key), strict=True)
    new = frozenset(f"r{number}" for number in range(2, len(texts) + 2))
    return project(ground(), *texts).run(new=new, judges_schema=True), [{}, {}, *cases]


def found_by(observed: Any, rule: str, number: int) -> list[str]:
    found = all_rules()[rule].check(observed)
    return [each.message for each in found if each.revision == f"r{number}"]


def test_what_fires_is_reported_by_our_rule(project: ProjectMaker) -> None:
    observed, cases = observe(project, "fires")
    silent = [
        case["what"]
        for number, case in enumerate(cases)
        if case and not found_by(observed, case["ours"], number)
    ]
    assert silent == []


def test_the_clean_twin_is_not_reported(project: ProjectMaker) -> None:
    observed, cases = observe(project, "clean")
    reported = [
        f"{case['what']}: {message}"
        for number, case in enumerate(cases)
        if case
        for rule in dict.fromkeys((case["ours"], *OTHERS))
        if rule != "missing-lock-timeout" or case.get("limits", True)
        for message in found_by(observed, rule, number)
    ]
    assert not reported, "\n".join(reported)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["what"][:50])
def test_each_row_is_shown_by_something(case: dict[str, Any]) -> None:
    if not case["ours"]:
        assert "fires" not in case
    elif "shown" in case:
        assert list((ROOT / "tests" / "cases" / case["shown"]).iterdir())
    else:
        assert case["clean"]
        assert all_rules()[case["ours"]].group is not DOWNGRADE
