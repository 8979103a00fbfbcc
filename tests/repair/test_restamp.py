"""`--restamp`: fresh ids, names and dates, and every reference among the new revisions."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from revgate.checking import merge as merge_checks
from revgate.checking.selection import Request
from revgate.errors import UsageError

VERSIONS = "migrations/versions"


def stamp(number: int) -> str:
    return f"202501{number:02}000000"


def findings(repository: Any) -> list[str]:
    checked = merge_checks.check(
        str(repository.root), Request(), ours="HEAD", against="main", cached=False
    )
    return [finding.rule for finding in checked.result.findings]


def names(repository: Any) -> list[str]:
    return sorted(path.name for path in (repository.root / VERSIONS).glob("*.py"))


def test_ids_names_dates_and_references(fork: Any) -> None:
    repository = fork(11)
    repository.add(stamp(12), stamp(11), (stamp(10), stamp(2)))
    before = repository.text(f"{stamp(12)}_r.py")
    said = repository.rebase(onto="main", restamp=True).lines
    fresh = ["20260102030405", "20260102030406", "20260102030407"]
    assert said[3] == (
        f"{VERSIONS}/{stamp(12)}_r.py: parent `{stamp(11)}` -> `{fresh[1]}`, now {fresh[2]}_r.py"
    )
    assert names(repository) == [
        *(f"{stamp(each)}_r.py" for each in (1, 2)),
        *(f"{each}_r.py" for each in fresh),
    ]
    expected = (
        before.replace(f"Revision ID: {stamp(12)}", f"Revision ID: {fresh[2]}")
        .replace(f'revision: str = "{stamp(12)}"', f'revision: str = "{fresh[2]}"')
        .replace(stamp(11), fresh[1])
        .replace(stamp(10), fresh[0])
        .replace("2025-01-12 00:00:00.123456", "2026-01-02 03:04:07")
    )
    assert repository.text(f"{fresh[2]}_r.py") == expected
    repository.commit()
    repository.git("merge", "-q", "main")
    assert repository.line() == [*(stamp(each) for each in (1, 2, 3)), *fresh]
    assert {*findings(repository)} <= {"cross-dependency"}


def test_after_a_head_that_is_stamped_later(fork: Any) -> None:
    repository = fork(11)
    repository.switch("main")
    repository.add("20300101235959", stamp(3))
    repository.commit()
    repository.switch("feature")
    repository.rebase(onto="main", restamp=True)
    repository.commit()
    repository.git("merge", "-q", "main")
    assert repository.line()[-2:] == ["20300102000000", "20300102000001"]


def test_a_time_that_is_taken_is_passed_over(fork: Any) -> None:
    repository = fork()
    repository.switch("main")
    repository.add("20260102030405", stamp(3))
    repository.add(stamp(30), "20260102030405")
    repository.commit()
    repository.switch("feature")
    repository.rebase(onto="main", restamp=True)
    assert "20260102030406_r.py" in names(repository)


def test_a_name_that_alembic_made_keeps_its_description(fork: Any) -> None:
    repository = fork()
    text = repository.text(f"{stamp(10)}_r.py").replace(stamp(10), "ae1027a6acf4")
    (repository.root / VERSIONS / f"{stamp(10)}_r.py").unlink()
    repository.put(f"{VERSIONS}/ae1027a6acf4_añadir_表.py", text)
    repository.rebase(onto="main", restamp=True)
    assert names(repository)[-1] == "20260102030405_añadir_表.py"
    repository.commit()
    repository.git("merge", "-q", "main")
    assert findings(repository) == []


@pytest.mark.parametrize("name", ["x y.py", "$(touch x)_r.py"])
def test_hostile_names_are_refused_where_they_have_no_description(fork: Any, name: str) -> None:
    repository = fork()
    repository.put(f"{VERSIONS}/{name}", repository.text(f"{stamp(10)}_r.py").replace("10", "11"))
    before = repository.files()
    with pytest.raises(UsageError, match="no description to keep"):
        repository.rebase(onto="main", restamp=True)
    assert repository.files() == before


def test_a_file_that_is_in_the_way_is_never_overwritten(fork: Any) -> None:
    repository = fork()
    place = f"{VERSIONS}/20260102030405_r.py"
    (repository.root / place).mkdir()  # no revision, so nothing that is known
    before = repository.files()
    with pytest.raises(UsageError, match=f"{place} already exists"):
        repository.rebase(onto="main", restamp=True)
    assert repository.files() == before


def test_only_where_names_are_timestamps(fork: Any) -> None:
    repository = fork()
    repository.put("revgate.toml", 'file-name = "any"\n')
    with pytest.raises(UsageError, match="--restamp requires"):
        repository.rebase(onto="main", restamp=True)
    repository.rebase(onto="main")


def test_no_time_after_the_last(fork: Any) -> None:
    repository = fork()
    repository.switch("main")
    repository.add("99991231235959", stamp(3))
    repository.commit()
    repository.switch("feature")
    with pytest.raises(UsageError, match="there is no time after"):
        repository.rebase(onto="main", restamp=True)


def test_every_number_of_new_ones_is_in_order(fork: Any) -> None:
    repository = fork(*range(11, 25))
    repository.rebase(onto="main", restamp=True)
    repository.commit()
    repository.git("merge", "-q", "main")
    line = repository.line()
    assert len(line) == 18
    assert all(one < other for one, other in itertools.pairwise(line))
