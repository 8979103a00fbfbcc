"""One defect never hides another, and a selection chooses what is reported, not what is seen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.verdicts.conftest import R0, R1, R2, B, C, M, at, ini, new, settings

if TYPE_CHECKING:
    from tests.verdicts.conftest import Files, Verdicts

GONE = "20241231000000"
CHAIN = (
    "multiple-heads,multiple-bases,missing-parent,duplicate-revision,revision-cycle,"
    "unreadable-revision"
)
"""What the page on adopting revgate selects."""


def on_disk(repo: Verdicts, files: Files) -> None:
    for name, text in files.items():
        path = repo.author / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or "")


def broken(key: str, down: str, body: str) -> Files:
    """Return a revision whose top is sound, and whose body is not."""
    text = new(key, down)[at(key)] or ""
    return {at(key): text.replace("def downgrade()", f"{body}\n\n\ndef downgrade()")}


CONFLICT = "<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> b"


# What hangs from something that is missing.


def test_heads_above_a_missing_parent_count(repo: Verdicts) -> None:
    on_disk(repo, {**new(B, GONE), **new(C, "20241230000000")})
    for words in (
        ("--select", "multiple-heads"),
        ("--ignore", "missing-parent"),
        ("--select", "multiple-heads", "--ignore", "missing-parent"),
    ):
        said = repo.check(*words)
        assert said.code == 1, said.text
    assert repo.check("--select", "multiple-heads", "--ignore", "missing-parent").rules() == {
        "multiple-heads"
    }


def test_one_head_above_a_missing_parent_is_one_defect(repo: Verdicts) -> None:
    """Where it belongs shows when the parent is there: no second finding for one mistake."""
    on_disk(repo, new(B, GONE))
    assert repo.check().rules() == {"missing-parent"}
    assert repo.check("--select", "multiple-heads").rules() == {"missing-parent"}
    said = repo.check("--ignore", "missing-parent")
    assert said.rules() == {"multiple-heads"}
    assert said.report["summary"]["ignored"] == 1


def test_two_heads_above_the_same_missing_parent_are_a_fork(repo: Verdicts) -> None:
    """Whatever the parent is: they will be two."""
    on_disk(repo, {**new(B, GONE), **new(C, GONE)})
    assert repo.check().rules() == {"missing-parent", "multiple-heads"}


def test_two_heads_above_an_unreadable_file_are_a_fork(repo: Verdicts) -> None:
    on_disk(repo, {**broken(M, R2, "def ("), **new(B, M), **new(C, M)})
    assert repo.check().rules() == {"unreadable-revision", "multiple-heads"}
    assert repo.check("--ignore", "unreadable-revision").rules() == {"multiple-heads"}


def test_a_cycle_is_not_passed_over(repo: Verdicts) -> None:
    on_disk(repo, {**new(B, C), **new(C, B)})
    assert repo.check("--select", "multiple-heads").rules() == {"revision-cycle"}
    on_disk(repo, new(M, C))
    said = repo.check("--select", "multiple-heads", "--ignore", "revision-cycle")
    assert said.rules() == {"multiple-heads"}


def test_a_warning_hides_nothing(repo: Verdicts) -> None:
    on_disk(repo, {**new(B, GONE), **settings('severity = {"missing-parent" = "warning"}')})
    assert repo.check().rules() == {"multiple-heads"}
    assert repo.check().rules("warning") == {"missing-parent"}


def test_two_files_of_one_id_are_not_passed_over(repo: Verdicts) -> None:
    text = new(R2, R0)[at(R2)]
    on_disk(repo, {"migrations/versions/20250103000000_again.py": text})
    assert "duplicate-revision" in repo.check("--select", "multiple-heads").rules()


# A file that cannot be loaded.


@pytest.mark.parametrize("body", ["def (", CONFLICT, "x = ['", "  x = 1"])
@pytest.mark.parametrize("select", [CHAIN, "unreadable-revision", "multiple-heads"])
def test_a_body_that_is_not_python(repo: Verdicts, body: str, select: str) -> None:
    on_disk(repo, broken(B, R2, body))
    said = repo.check("--select", select)
    assert said.code == 1
    assert "unreadable-revision" in said.rules()


def test_a_body_that_is_not_python_in_a_change(repo: Verdicts) -> None:
    repo.change(broken(B, R2, "def ("))
    assert repo.verdict() == {"unreadable-revision"}
    assert repo.against("--select", "branching-merge").rules() == {"unreadable-revision"}
    repo.change(broken(R1, R0, "def ("))
    assert repo.verdict() == {"unreadable-revision"}
    said = repo.against("--ignore", "unreadable-revision")
    assert "removed-revision" in said.rules()


# Selections with a base.


def test_any_rule_on_heads_sees_the_fork_of_a_merge(repo: Verdicts) -> None:
    repo.change(new(B, R2))
    repo.on_main(new(M, R2))
    assert repo.against("--select", "branching-merge").rules() == {"branching-merge"}
    assert repo.against("--select", "multiple-heads").rules() == {"multiple-heads"}
    assert repo.against("--select", CHAIN).rules() == {"multiple-heads"}
    assert repo.against("--ignore", "branching-merge").rules() == {"multiple-heads"}
    said = repo.against("--ignore", "branching-merge,multiple-heads")
    assert said.code == 0
    assert said.report["summary"]["ignored"] >= 1


def test_any_rule_on_heads_sees_the_fork_of_the_branch(repo: Verdicts) -> None:
    repo.change({**new(B, R2), **new(C, R2)})
    assert repo.against("--select", "branching-merge").rules() == {"branching-merge"}
    assert repo.against("--select", "multiple-heads").rules() == {"multiple-heads"}
    assert repo.verdict() == {"multiple-heads"}


def test_an_edit_is_not_hidden_by_a_second_file(repo: Verdicts) -> None:
    text = new(R1, R0, column="key")[at(R1)]
    repo.change({"migrations/versions/20250102000000_aaa.py": text})
    assert "duplicate-revision" in repo.verdict()
    assert repo.against("--select", "edited-revision").code == 1
    assert repo.against("--ignore", "duplicate-revision").code == 1


# What is ignored is counted.


@pytest.mark.parametrize(
    "words",
    [
        ("--ignore", "multiple-heads"),
        ("--select", "file-name"),
        ("--select", "empty-downgrade"),
    ],
)
def test_several_heads_never_come_with_no_errors(repo: Verdicts, words: tuple[str, ...]) -> None:
    on_disk(repo, {**new(B, R2), **new(C, R2)})
    said = repo.check(*words)
    assert said.code == 0
    assert said.report["summary"]["ignored"] == 1
    assert re.search(r"\b1 ignored\b", said.text)
    assert "no errors" not in said.text


def test_what_the_settings_ignore_is_counted(repo: Verdicts) -> None:
    on_disk(repo, {**new(B, R2, drop=False), **settings('ignore = ["empty-downgrade"]')})
    said = repo.check()
    assert said.code == 0
    assert said.report["summary"]["ignored"] == 1
    on_disk(repo, new(B, R2))
    assert "ignored" not in repo.check().report["summary"]
    assert "✓ no errors" in repo.check().text


# Branches that may stand side by side.

SIDE_BY_SIDE = settings("linear = false", 'branches = ["expand", "contract"]')


def labelled(key: str, down: str | None, label: str) -> Files:
    text = (new(key, down)[at(key)] or "").replace(
        "branch_labels = None", f'branch_labels = ("{label}",)'
    )
    return {at(key): text}


@pytest.fixture
def sides(repo: Verdicts) -> Verdicts:
    """Add one revision for each of the two labels."""
    repo.on_main({**SIDE_BY_SIDE, **labelled(M, R2, "expand"), **labelled(B, R2, "contract")})
    return repo


def test_one_head_for_each_label(sides: Verdicts) -> None:
    assert sides.run("check", "--no-cache")[0] == 0


def test_a_fork_without_a_label(sides: Verdicts) -> None:
    on_disk(sides, new(C, R2))
    assert sides.check().rules() == {"multiple-heads"}


def test_a_fork_without_a_label_further_down(sides: Verdicts) -> None:
    on_disk(sides, new(C, R0))
    assert sides.check().rules() == {"multiple-heads"}


def test_a_fork_on_top_of_a_label(sides: Verdicts) -> None:
    on_disk(sides, {**new(C, M), **new("20250107000000", M)})
    assert sides.check().rules() == {"multiple-heads"}


def test_a_fork_below_a_label(sides: Verdicts) -> None:
    """The label is stated higher up: what parts below it has none."""
    on_disk(
        sides,
        {
            **new(M, R2),
            **labelled(C, M, "expand"),
            **new("20250107000000", M),
        },
    )
    assert sides.check().rules() == {"multiple-heads"}


def test_a_label_on_top_of_another(repo: Verdicts) -> None:
    """The nearest counts."""
    on_disk(
        repo,
        {
            **SIDE_BY_SIDE,
            **labelled(M, R2, "expand"),
            **labelled(B, M, "contract"),
            **new(C, M),
        },
    )
    assert repo.run("check", "--no-cache")[0] == 0
    on_disk(repo, new("20250107000000", B))
    on_disk(repo, new("20250108000000", B))
    assert repo.check().rules() == {"multiple-heads"}
    on_disk(repo, new("20250108000000", M))
    assert repo.check().rules() == {"multiple-heads"}


def test_a_label_that_the_settings_do_not_name(sides: Verdicts) -> None:
    on_disk(sides, labelled(C, R2, "billing"))
    assert sides.check().rules() == {"multiple-heads"}


def test_a_separate_history_next_to_the_labels(repo: Verdicts) -> None:
    """No fork: the line without a label shares no revision with the labelled one."""
    on_disk(
        repo,
        {**settings("linear = false", 'branches = ["billing"]'), **labelled(B, None, "billing")},
    )
    assert repo.run("check", "--no-cache")[0] == 0


def test_a_fork_of_a_merge_next_to_the_labels(sides: Verdicts) -> None:
    sides.change(new(C, R2))
    assert sides.verdict() & {"branching-merge", "multiple-heads"}


def test_nothing_of_this_for_another_environment(repo: Verdicts) -> None:
    """A defect in one says nothing of the other."""
    on_disk(
        repo,
        {
            "other/alembic.ini": "[alembic]\nscript_location = %(here)s/db\n",
            "other/db/env.py": "pass\n",
            **new(M, GONE, "other/db/versions"),
            **ini(),
        },
    )
    repo.git("add", "--all")
    found = repo.check("--select", "multiple-heads").report["findings"]
    assert {each["environment"] for each in found} == {"other/db"}
