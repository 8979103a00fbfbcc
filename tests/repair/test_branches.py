"""`revgate rebase` and `revgate new` where labelled branches stand side by side."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from alembic.script import ScriptDirectory

from revgate.cli.commands import main
from revgate.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def stamp(number: int) -> str:
    return f"202501{number:02}000000"


@pytest.fixture
def labelled(repository: Any) -> Any:
    """Return a repository where `expand` is at 3 and `contract` at 4, both behind 2."""
    repository.put("revgate.toml", 'linear = false\nbranches = ["expand", "contract"]\n')
    add(repository, 3, 2, "expand")
    add(repository, 4, 2, "contract")
    repository.commit()
    repository.switch("feature")
    return repository


def add(repository: Any, number: int, parent: int, label: str | None = None) -> Path:
    path: Path = repository.add(stamp(number), stamp(parent))
    if label:
        text = path.read_text()
        path.write_text(text.replace("branch_labels = None", f'branch_labels = "{label}"'))
    return path


def main_goes_on(repository: Any, *edges: tuple[int, int]) -> None:
    repository.commit("feature")
    repository.switch("main")
    for number, parent in edges:
        add(repository, number, parent)
    repository.commit("main goes on")
    repository.switch("feature")


def heads(repository: Any) -> set[str]:
    """Return what `alembic heads` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "heads"],
        cwd=repository.root,
        capture_output=True,
        text=True,
        check=True,
    )
    return {line.partition(" ")[0] for line in done.stdout.splitlines()}


def parents(repository: Any) -> dict[str, Any]:
    script = ScriptDirectory(str(repository.root / "migrations"))
    return {each.revision: each.down_revision for each in script.walk_revisions()}


def merged(repository: Any) -> None:
    repository.commit("rebased")
    repository.git("merge", "--quiet", "main")


def test_behind_each_head_nothing_is_to_do(labelled: Any) -> None:
    add(labelled, 10, 3)
    add(labelled, 11, 4)
    before = labelled.files()
    assert "nothing to do: 2 new revisions" in labelled.rebase(onto="main").lines[1]
    assert labelled.files() == before


@pytest.mark.parametrize("restamp", [False, True])
def test_each_revision_goes_behind_the_head_of_its_own_branch(labelled: Any, restamp: bool) -> None:
    add(labelled, 10, 3)
    add(labelled, 11, 10)
    add(labelled, 12, 4)
    main_goes_on(labelled, (5, 3), (6, 4))
    labelled.rebase(onto="main", restamp=restamp)
    merged(labelled)
    found = parents(labelled)
    after = {parent: key for key, parent in found.items() if isinstance(parent, str)}
    last = after[after[stamp(5)]]
    assert heads(labelled) == {last, after[stamp(6)]}
    assert len(found) == 9
    if not restamp:
        assert heads(labelled) == {stamp(11), stamp(12)}


def test_only_one_branch_went_on(labelled: Any) -> None:
    add(labelled, 10, 3)
    add(labelled, 12, 4)
    main_goes_on(labelled, (5, 3))
    labelled.rebase(onto="main")
    merged(labelled)
    assert heads(labelled) == {stamp(10), stamp(12)}
    assert (parents(labelled)[stamp(10)], parents(labelled)[stamp(12)]) == (stamp(5), stamp(4))


def test_a_fork_on_no_labelled_branch_is_refused(labelled: Any) -> None:
    add(labelled, 10, 2)
    before = labelled.files()
    with pytest.raises(UsageError, match="is on no labelled branch") as error:
        labelled.rebase(onto="main")
    assert f"`expand` is at `{stamp(3)}`" in str(error.value)
    assert labelled.files() == before


def test_two_heads_of_one_label_are_refused(labelled: Any) -> None:
    add(labelled, 10, 3)
    main_goes_on(labelled, (5, 3), (6, 3))
    with pytest.raises(UsageError, match="main has 3 heads"):
        labelled.rebase(onto="main")


def test_a_revision_that_joins_branches_is_refused(labelled: Any) -> None:
    path = add(labelled, 10, 3)
    text = path.read_text()
    path.write_text(text.replace(f'= "{stamp(3)}"', f'= ("{stamp(3)}", "{stamp(4)}")'))
    with pytest.raises(UsageError, match="joins the branches `contract`, `expand`"):
        labelled.rebase(onto="main")


def test_branches_that_begin_stay_side_by_side(repository: Any) -> None:
    repository.put("revgate.toml", 'linear = false\nbranches = ["expand", "contract"]\n')
    repository.commit()
    repository.switch("feature")
    add(repository, 9, 2)
    add(repository, 10, 9, "expand")
    add(repository, 11, 9, "contract")
    main_goes_on(repository, (3, 2))
    repository.rebase(onto="main")
    merged(repository)
    assert heads(repository) == {stamp(10), stamp(11)}
    assert parents(repository)[stamp(9)] == stamp(3)


def test_a_branch_with_a_base_of_its_own(labelled: Any) -> None:
    labelled.put("revgate.toml", 'linear = false\nbranches = ["expand", "contract", "own"]\n')
    path = labelled.add(stamp(10), None)
    text = path.read_text().replace("branch_labels = None", 'branch_labels = "own"')
    path.write_text(text)
    add(labelled, 11, 10)
    before = labelled.files()
    labelled.rebase(onto="main")
    assert labelled.files() == before


# `revgate new`.


def run_new(repository: Any, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.chdir(repository.root)
    return main(["new", "add a thing", *arguments])


def test_new_goes_on_the_branch_that_is_named(
    labelled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_new(labelled, monkeypatch, "--branch", "contract") == 0
    assert stamp(3) in heads(labelled)
    assert stamp(4) not in heads(labelled)
    assert len(heads(labelled)) == 2


def test_new_names_the_labels(
    labelled: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_new(labelled, monkeypatch) != 0
    said = capsys.readouterr().err
    assert "--branch" in said
    assert "`contract`, `expand`" in said
    assert run_new(labelled, monkeypatch, "--branch", "expnd") != 0
    assert "there is no branch `expnd`" in capsys.readouterr().err
    assert heads(labelled) == {stamp(3), stamp(4)}


def test_new_needs_no_branch_for_a_single_head(
    repository: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_new(repository, monkeypatch) == 0
    assert len(heads(repository)) == 1
    assert os.path.isfile(repository.root / "alembic.ini")


def test_new_follows_a_branch_that_another_one_forked(
    labelled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A head is on the nearest labelled branch, not on those below it as well."""
    add(labelled, 10, 3)
    path = labelled.root / "migrations" / "versions"
    (old,) = path.glob(f"{stamp(4)}*")
    old.write_text(
        old.read_text().replace(f'down_revision = "{stamp(2)}"', f'down_revision = "{stamp(3)}"')
    )
    monkeypatch.chdir(labelled.root)
    assert main(["new", "more", "--branch", "expand"]) == 0
    assert main(["new", "less", "--branch", "contract"]) == 0
    found = parents(labelled)
    assert {stamp(10), stamp(4)} <= {*found.values()}
