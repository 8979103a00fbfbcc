"""What the action makes of its inputs and of a report, without a runner."""

import pytest

from revgate import action


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
