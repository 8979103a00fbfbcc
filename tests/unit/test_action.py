"""What the action makes of its inputs and of a report, without a runner."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from revgate import action

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("", []),
        ("report.json", [("json", "report.json")]),
        ("html=out/a=b.html\n\n  r.json \n", [("html", "out/a=b.html"), ("json", "r.json")]),
        ("out/a=b.json", [("json", "out/a=b.json")]),
        ("pdf=x", [("pdf", "x")]),  # refused by the command, which knows the formats
    ],
)
def test_report_files(written: str, found: list[tuple[str, str]]) -> None:
    assert action.report_files(written) == found


GIVEN = {
    "COMMAND": "gate",
    "COMMENT": "false",
    "ROWS": "true",
    "WORKING_DIRECTORY": ".",
    "REPORT_FILE": "html=page.html",
    "HAS_SERVER": "true",
    "CONFIG": "a b.ini",
    "FORMAT": "github",
    "SHARD": "1/2",
    "X": "tenant=a\n-y=1\n",
    **dict.fromkeys(
        ("ENVIRONMENT", "AGAINST", "SELECT", "IGNORE", "FAIL_ON", "EXPECT_TABLES", "TIMEOUT"), ""
    ),
}


def test_the_options_of_both_halves(tmp_path: Path) -> None:
    action.prepare(GIVEN, str(tmp_path))
    static, live = (
        (tmp_path / f"{half}.options").read_text().split("\0") for half in ("static", "live")
    )
    common = ["--config=a b.ini", "--format=github", f"--output={os.devnull}"]
    assert static == [*common, f"--report=github={tmp_path}/static/report.github", ""]
    assert live[:6] == [*common, "--shard=1/2", "-xtenant=a", "-x-y=1"]
    reports = [each.partition("=")[2].partition("=")[0] for each in live[6:-1]]
    assert reports == ["json", "github", "markdown", "sarif", "html"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COMMAND", "upgrade"),
        ("COMMENT", "yes"),
        ("ROWS", ""),
        ("WORKING_DIRECTORY", "elsewhere"),
        ("GITHUB_EVENT_NAME", "pull_request_target"),
    ],
)
def test_an_input_that_is_refused(name: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(action.InputError):
        action.prepare({**GIVEN, name: value}, str(tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_server_that_is_named_spares_the_embedded_ones() -> None:
    with_server, without = action.requirements(True), action.requirements(False)
    assert not [each for each in with_server if each.startswith(("pg0", "pixeltable"))]
    assert set(without) - set(with_server)
    assert [each for each in with_server if each.startswith("alembic")]


def report(*passes: tuple[str, str, int]) -> dict[str, object]:
    return {
        "environments": [{"heads": ["a\nb"]}, {"heads": ["c"]}],
        "findings": [{}],
        "summary": {"errors": 1, "warnings": 0},
        "roundtrip": {
            "passes": [
                {"environment": environment, "name": name, "tables": tables}
                for environment, name, tables in passes
            ]
        },
    }


def test_the_tables_are_those_of_the_last_upgrades() -> None:
    said = action.outputs(
        report(
            ("one", "upgrade", 3),
            ("one", "downgrade", 0),
            ("one", "upgrade again", 4),
            ("one", "production", 9),
            ("two", "upgrade", 2),
        )
    )
    assert said["tables"] == "6"
    assert said["heads"] == '["a\\nb", "c"]'


def test_where_nothing_was_upgraded_there_is_no_number() -> None:
    assert action.outputs(report())["tables"] == ""
    assert action.outputs(report(("one", "downgrade", 0)))["tables"] == ""
