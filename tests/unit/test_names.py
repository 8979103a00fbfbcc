"""What a file name says."""

from __future__ import annotations

import pytest

from revgate.history.names import Named, impossible, read_name
from revgate.settings import file_name_pattern

STAMPED = r"(?P<stamp>\d{4}_\d\d_\d\d)-(?P<slug>\w+)"


@pytest.mark.parametrize(
    ("name", "form", "expected"),
    [
        ("20250101000000_add.py", "timestamp", Named("20250101000000", "add")),
        ("20250101000000_add_.py", "timestamp", Named("20250101000000", "add_")),
        ("20250101000000.py", "timestamp", None),
        ("20250101000000_.py", "timestamp", None),
        ("2025010100000_add.py", "timestamp", None),
        ("20250101000000_add.pyc", "timestamp", None),
        ("20250101000000_add.py\n", "timestamp", None),
        ("٢٠٢٥٠١٠١٠٠٠٠٠٠_add.py", "timestamp", None),
        ("anything at all", "any", Named(None, None)),
        ("2025_01_02-x.py", STAMPED, Named("20250102", "x")),
        ("2025_01_02-x.py", STAMPED + r"\.py", Named("20250102", "x")),
        ("2025_01_02-x.txt", STAMPED, None),
        ("x2025_01_02-x.py", STAMPED, None),
        ("0001.py", r"(?P<slug>\d{4})", Named(None, "0001")),
        (".py", r"(?P<stamp>\d*)", Named(None, None)),
    ],
)
def test_a_name_is_taken_apart(name: str, form: str, expected: Named | None) -> None:
    found = read_name(name, form)
    assert found == expected


@pytest.mark.parametrize(
    "stamp", ["20240229235959", "2025", "202512", "20251231", "2025010123", "202501012359"]
)
def test_a_time_of_the_calendar(stamp: str) -> None:
    assert impossible(stamp) is None


@pytest.mark.parametrize(
    ("stamp", "why"),
    [
        ("20250229000000", "day is out of range"),
        ("20251301000000", "month must be in 1..12"),
        ("20250101240000", "hour must be in 0..23"),
        ("20250101006000", "minute must be in 0..59"),
        ("20250101000060", "second must be in 0..59"),
        ("00000101000000", "year 0 is out of range"),
        ("202513", "month must be in 1..12"),
        ("7", "a year has four digits"),
        ("", "a year has four digits"),
    ],
)
def test_no_time_of_the_calendar(stamp: str, why: str) -> None:
    said = impossible(stamp)
    assert said is not None
    assert why.split()[0] in said


def test_a_pattern_is_made_once() -> None:
    assert file_name_pattern("timestamp") is file_name_pattern("timestamp")
    assert file_name_pattern("any") is None
