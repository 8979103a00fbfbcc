"""`revgate rebase` on real branches: what it does, what it refuses, what it leaves alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from revgate.checking import merge as merge_checks
from revgate.checking.selection import Request
from revgate.errors import CannotJudgeError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

VERSIONS = "migrations/versions"


def stamp(number: int) -> str:
    return f"202501{number:02}000000"


def findings(repository: Any, against: str) -> list[str]:
    """Return what `check --against` says of HEAD."""
    checked = merge_checks.check(
        str(repository.root), Request(), ours="HEAD", against=against, cached=False
    )
    return [finding.rule for finding in checked.result.findings]


def refused(repository: Any, **wanted: Any) -> str:
    """Return why a rebase is refused; nothing may be changed then."""
    before = repository.files()
    with pytest.raises((UsageError, CannotJudgeError)) as error:
        repository.rebase(**wanted)
    assert repository.files() == before
    return str(error.value)


# Silent.


def test_nothing_new_is_nothing_to_do(repository: Any) -> None:
    before = repository.files()
    said = repository.rebase(onto="main").lines
    assert said == ("onto main", "nothing to do: main has every revision")
    assert repository.files() == before


def test_new_ones_behind_the_head_stay(repository: Any) -> None:
    repository.switch("feature")
    repository.add(stamp(10), stamp(2))
    before = repository.files()
    assert "nothing to do: 1 new revision" in repository.rebase(onto="main").lines[1]
    assert repository.rebase(onto="main", dry_run=True).diff == ""
    assert repository.files() == before


def test_what_the_base_edited_since_is_not_an_edit_of_the_branch(fork: Any) -> None:
    repository = fork()
    repository.switch("main")
    path = repository.root / VERSIONS / f"{stamp(2)}_r.py"
    path.write_text(path.read_text().replace("create_table", "create_all"))
    repository.commit()
    repository.switch("feature")
    repository.rebase(onto="main")
    repository.commit()
    repository.git("merge", "-q", "main")
    assert repository.line() == [stamp(each) for each in (1, 2, 3, 10)]


def test_a_comment_in_a_published_revision_is_not_an_edit(fork: Any) -> None:
    repository = fork()
    path = repository.root / VERSIONS / f"{stamp(2)}_r.py"
    path.write_text(path.read_text() + "# seen\n")
    repository.rebase(onto="main")
    repository.git("checkout", "--quiet", "HEAD", "--", str(path))
    repository.commit()
    repository.git("merge", "--quiet", "main")
    assert repository.line() == [stamp(each) for each in (1, 2, 3, 10)]


def test_what_the_base_removed_since_is_not_new(fork: Any) -> None:
    repository = fork()
    repository.switch("main")
    (repository.root / VERSIONS / f"{stamp(1)}_r.py").unlink()
    (repository.root / VERSIONS / f"{stamp(2)}_r.py").unlink()
    repository.add(stamp(3), None)  # squashed
    repository.commit()
    repository.switch("feature")
    said = repository.rebase(onto="main").lines
    assert len([line for line in said if "parent" in line and "->" in line]) == 1
    repository.commit()
    repository.git("merge", "-q", "main")
    assert repository.line() == [stamp(3), stamp(10)]


# One and several.


def test_one_revision(fork: Any) -> None:
    repository = fork()
    before = repository.files()
    said = repository.rebase(onto="main").lines
    path = f"{VERSIONS}/{stamp(10)}_r.py"
    assert said == (
        "onto main",
        f"{path}: parent `{stamp(2)}` -> `{stamp(3)}`",
        f"next: git merge --no-commit main && git add -A -- :/{VERSIONS} && git commit",
        "this gets 1 revision of main; until then, `revgate check` reports a missing parent",
    )
    after = repository.files()
    assert [each for each in after if after[each] != before.get(each)] == [path]
    assert after[path].decode() == before[path].decode().replace(stamp(2), stamp(3))
    assert findings(repository, "main") == ["branching-merge"]
    repository.commit()
    assert "branching-merge" not in findings(repository, "main")
    repository.git("merge", "-q", "main")
    assert findings(repository, "main") == []
    assert repository.line() == [stamp(each) for each in (1, 2, 3, 10)]


def test_a_stamp_before_the_parents_is_reported(fork: Any) -> None:
    repository = fork(11)
    repository.switch("main")
    repository.add(stamp(20), stamp(3))
    repository.commit()
    repository.switch("feature")
    told = f"timestamped before the parent: `{stamp(10)}`. The rule `timestamp-order` reports this"
    assert any(line.startswith(told) for line in repository.rebase(onto="main").lines)
    repository.commit()
    repository.git("merge", "-q", "main")
    assert findings(repository, "main") == ["timestamp-order"]
    said = repository.rebase(onto="main", restamp=True).lines
    assert not any(line.startswith("timestamped before") for line in said)
    repository.commit()
    assert findings(repository, "main") == []


def test_the_next_command_works_where_git_never_knew_the_file(
    fork: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = fork()
    repository.add(stamp(11), stamp(10))
    monkeypatch.chdir(repository.root)
    said = repository.rebase(onto="main", restamp=True).lines
    (command,) = [line.removeprefix("next: ") for line in said if line.startswith("next: ")]
    *commands, commit = command.split(" && ")
    assert commit == "git commit"
    for each in commands:
        repository.git(*each.split()[1:])
    assert all(line[1] == " " for line in repository.git("status", "--porcelain").splitlines())


def test_once_is_enough(fork: Any) -> None:
    repository = fork(11)
    repository.rebase(onto="main")
    after = repository.files()
    assert "nothing to do" in repository.rebase(onto="main").lines[1]
    assert repository.files() == after


def test_several_keep_their_order_and_only_the_first_is_edited(fork: Any) -> None:
    repository = fork(12, 11)
    before = repository.files()
    repository.rebase(onto="main")
    after = repository.files()
    changed = [each for each in after if after[each] != before[each]]
    assert changed == [f"{VERSIONS}/{stamp(10)}_r.py"]
    repository.commit()
    repository.git("merge", "-q", "main")
    assert repository.line() == [stamp(each) for each in (1, 2, 3, 10, 12, 11)]


def test_a_branch_that_forks_becomes_one_line(fork: Any) -> None:
    repository = fork(11)
    repository.add(stamp(12), stamp(10))
    repository.rebase(onto="main")
    repository.commit()
    repository.git("merge", "-q", "main")
    assert repository.line() == [stamp(each) for each in (1, 2, 3, 10, 11, 12)]


def test_a_merge_revision_stays_in_the_line_and_is_reported(fork: Any) -> None:
    repository = fork()
    repository.git("merge", "-q", "main")
    path = repository.add(stamp(11), stamp(10))
    path.write_text(
        path.read_text()
        .replace(
            f'down_revision: str | None = "{stamp(10)}"',
            f'down_revision = ("{stamp(10)}", "{stamp(3)}")',
        )
        .replace(f"Revises: {stamp(10)}", f"Revises: {stamp(10)}, {stamp(3)}")
    )
    said = repository.rebase(onto="main").lines
    assert any("this merge revision is no longer needed" in line for line in said)
    assert repository.line() == [stamp(each) for each in (1, 2, 3, 10, 11)]
    assert f"Revises: {stamp(10)}\n" in path.read_text()


def test_a_revision_inserted_behind_the_head_goes_to_the_end(fork: Any) -> None:
    repository = fork()
    repository.git("merge", "-q", "main")
    repository.add(stamp(10), stamp(1))
    repository.rebase(onto="main")
    assert repository.line() == [stamp(each) for each in (1, 2, 3, 10)]


def test_a_first_revision_of_its_own_gets_a_parent(fork: Any) -> None:
    repository = fork()
    repository.add(stamp(10), None)
    repository.rebase(onto="main")
    text = repository.text(f"{stamp(10)}_r.py")
    assert f'down_revision: str | None = "{stamp(3)}"\n' in text
    assert f"Revises: {stamp(3)}\n" in text


# In the midst of a merge or a rebase.


def test_a_merge_in_progress(fork: Any) -> None:
    repository = fork(11)
    repository.git("merge", "-q", "--no-commit", "--no-ff", "main")
    said = repository.rebase(onto="main").lines
    assert said[-1].endswith("&& git commit")
    assert repository.line() == [stamp(each) for each in (1, 2, 3, 10, 11)]
    repository.commit()
    assert findings(repository, "main") == []


def test_a_rebase_in_progress(fork: Any) -> None:
    repository = fork()
    repository.git("rebase", "-q", "--exec", "false", "main", code=1)
    said = repository.rebase(onto="main").lines
    assert said[-1].endswith("&& git rebase --continue")
    assert repository.line() == [stamp(each) for each in (1, 2, 3, 10)]
    repository.git("add", "-A")
    repository.git("commit", "-q", "--amend", "--no-edit")
    repository.git("rebase", "--continue")
    assert findings(repository, "main") == []


def test_the_branch_that_is_rebased_tells_the_base(fork: Any) -> None:
    repository = fork()
    repository.git("branch", "-q", "--set-upstream-to=main", "feature")
    repository.git("rebase", "-q", "--exec", "false", "main", code=1)
    assert repository.rebase().lines[0] == "onto main (the upstream of feature)"


# Refused, and nothing is changed.


def _edit(repository: Any, number: int, old: str, new: str) -> None:
    path = repository.root / VERSIONS / f"{stamp(number)}_r.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_published_revision_that_the_branch_changed(fork: Any) -> None:
    repository = fork()
    _edit(repository, 2, "create_table", "create_all")
    said = refused(repository, onto="main")
    assert f"this branch changed `{stamp(2)}`" in said
    assert f"git checkout main -- {VERSIONS}/{stamp(2)}_r.py" in said


def test_lines_that_only_look_like_conflict_markers(fork: Any) -> None:
    """As for `check`: a conflict has a middle."""
    repository = fork()
    _edit(
        repository,
        2,
        "op.create_table",
        'op.execute("""\n<<<<<<< a\n>>>>>>> b\n""")\n    op.create_all',
    )
    said = refused(repository, onto="main")
    assert f"this branch changed `{stamp(2)}`" in said
    assert "conflict" not in said


def test_a_published_revision_with_another_parent(fork: Any) -> None:
    repository = fork()
    _edit(repository, 2, f'= "{stamp(1)}"', f'= "{stamp(10)}"')
    _edit(repository, 10, f'= "{stamp(2)}"', f'= "{stamp(1)}"')
    assert f"this branch changed `{stamp(2)}`" in refused(repository, onto="main")


def test_both_sides_changed_the_same_published_revision(fork: Any) -> None:
    repository = fork()
    _edit(repository, 2, "create_table", "create_here")
    repository.commit()
    repository.switch("main")
    _edit(repository, 2, "create_table", "create_there")
    repository.commit()
    repository.switch("feature")
    assert f"both this branch and main changed `{stamp(2)}`" in refused(repository, onto="main")
    repository.git("merge", "-q", "main", code=1)
    assert "it has a conflict" in refused(repository, onto="main")


def test_a_published_revision_that_the_branch_removed(fork: Any) -> None:
    repository = fork()
    (repository.root / VERSIONS / f"{stamp(1)}_r.py").unlink()
    assert f"this branch removed `{stamp(1)}`" in refused(repository, onto="main")


def test_a_published_revision_that_the_branch_renamed(fork: Any) -> None:
    repository = fork()
    folder = repository.root / VERSIONS
    (folder / f"{stamp(1)}_r.py").rename(folder / f"{stamp(1)}_other.py")
    repository.rebase(onto="main")
    repository.commit()
    repository.git("merge", "--quiet", "main")
    assert repository.line() == [stamp(each) for each in (1, 2, 3, 10)]


def test_a_published_revision_that_the_branch_renamed_and_changed(fork: Any) -> None:
    repository = fork()
    folder = repository.root / VERSIONS
    text = repository.text(f"{stamp(1)}_r.py").replace("create_table", "create_all")
    (folder / f"{stamp(1)}_r.py").unlink()
    repository.put(f"{VERSIONS}/{stamp(1)}_other.py", text)
    assert f"this branch renamed and changed `{stamp(1)}`" in refused(repository, onto="main")


def test_the_same_id_on_both_sides(fork: Any) -> None:
    repository = fork()
    text = repository.text(f"{stamp(10)}_r.py").replace(stamp(10), stamp(3))
    repository.put(f"{VERSIONS}/{stamp(3)}_mine.py", text)
    assert f"main has a different revision `{stamp(3)}`" in refused(repository, onto="main")


def test_two_files_of_one_id(fork: Any) -> None:
    repository = fork()
    repository.put(f"{VERSIONS}/copy.py", repository.text(f"{stamp(10)}_r.py"))
    assert "is used by several files" in refused(repository, onto="main")


def test_a_cycle(fork: Any) -> None:
    repository = fork(11)
    repository.add(stamp(10), stamp(11))
    assert "form a cycle" in refused(repository, onto="main")


def test_a_base_of_two_heads(fork: Any) -> None:
    repository = fork()
    repository.switch("main")
    repository.add(stamp(4), stamp(2))
    repository.commit()
    repository.switch("feature")
    assert "main has 2 heads" in refused(repository, onto="main")


def test_a_base_whose_chain_is_broken(fork: Any) -> None:
    repository = fork()
    repository.switch("main")
    repository.add(stamp(4), stamp(30))
    repository.commit()
    repository.switch("feature")
    assert "is broken" in refused(repository, onto="main")


def test_a_file_that_is_not_a_revision(fork: Any) -> None:
    repository = fork()
    repository.put(f"{VERSIONS}/broken.py", "def (")
    assert f"{VERSIONS}/broken.py:1: " in refused(repository, onto="main")


def test_one_file_that_cannot_be_edited_stops_all(fork: Any) -> None:
    repository = fork()
    repository.put(
        f"{VERSIONS}/{stamp(11)}_r.py",
        f'revision, down_revision = "{stamp(11)}", "{stamp(2)}"\n\n\n'
        "def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n",
    )
    said = refused(repository, onto="main")
    assert f"{stamp(11)}_r.py:1: `down_revision` is not bound by a plain assignment" in said


def test_no_git(tmp_path: Path, fork: Any) -> None:
    repository = fork()
    (repository.root / ".git").rename(tmp_path / "elsewhere")
    assert "is not a git repository" in refused(repository, onto="main")


# The base.


@pytest.mark.parametrize(
    ("onto", "fetch"),
    [
        ("origin/develop", "run `git fetch origin develop`"),
        ("develop", "run `git fetch origin develop`, and name it `origin/develop`"),
    ],
)
def test_a_base_that_is_not_here_names_the_command(fork: Any, onto: str, fetch: str) -> None:
    repository = fork()
    repository.git("remote", "add", "origin", str(repository.root))
    with pytest.raises(CannotJudgeError, match=fetch):
        repository.rebase(onto=onto)


def test_a_clone_of_one_branch_is_advised_to_keep_the_other(fork: Any, tmp_path: Path) -> None:
    repository = fork()
    remote = f"file://{repository.root}"
    repository.git("clone", "-q", "--depth=1", "-b", "feature", remote, str(tmp_path / "clone"))
    clone = type(repository)(tmp_path / "clone")
    fetch = "git fetch --unshallow origin main:refs/remotes/origin/main"
    with pytest.raises(CannotJudgeError, match=f"`{fetch}`"):
        clone.rebase(onto="origin/main")
    clone.git(*fetch.split()[1:])
    assert f"-> `{stamp(3)}`" in clone.rebase(onto="origin/main").lines[1]


def test_a_base_of_a_hostile_name(fork: Any) -> None:
    repository = fork()
    repository.git("remote", "add", "origin", str(repository.root))
    with pytest.raises(CannotJudgeError) as error:
        repository.rebase(onto="--help; rm -rf $HOME")
    assert "'--help; rm -rf $HOME'" in str(error.value)


def test_the_upstream_of_another_name_is_the_base(fork: Any) -> None:
    repository = fork()
    repository.git("branch", "-q", "--set-upstream-to=main")
    assert repository.rebase().lines[0] == "onto main (the upstream of feature)"


def test_an_upstream_of_the_same_name_is_not_a_base(fork: Any) -> None:
    repository = fork()
    repository.git("remote", "add", "origin", str(repository.root))
    repository.git("fetch", "-q", "origin")
    repository.git("branch", "-q", "--set-upstream-to=origin/feature")
    assert repository.rebase().lines[0].startswith("onto origin/main (the default base")
    repository.git("checkout", "-q", "--", ".")
    repository.git("remote", "set-head", "origin", "feature")
    assert repository.rebase().lines[0].startswith("onto origin/feature (the default base")


def test_without_any_usual_base(fork: Any) -> None:
    repository = fork()
    repository.git("branch", "-q", "-m", "main", "trunk")
    with pytest.raises(CannotJudgeError, match="no base: this branch has no upstream"):
        repository.rebase()


def test_without_a_common_ancestor(fork: Any) -> None:
    repository = fork()
    repository.git("switch", "-q", "--orphan", "other")
    repository.add(stamp(10), None)
    repository.put("alembic.ini", "[alembic]\nscript_location = migrations\n")
    repository.commit()
    with pytest.raises(CannotJudgeError, match="no common ancestor"):
        repository.rebase(onto="main")


def test_each_environment_is_brought_in_line(fork: Any) -> None:
    repository = fork()
    repository.put("new/alembic.ini", "[alembic]\nscript_location = migrations\n")
    for name in ("one", "two"):
        text = repository.text(f"{stamp(1)}_r.py").replace(stamp(1), name)
        repository.put(f"new/migrations/versions/{name}.py", text)
        if name == "one":
            repository.commit()
    said = repository.rebase(onto="main").lines
    assert any(line.startswith("migrations: ") and "->" in line for line in said)
    assert "new/migrations: nothing to do: main has no such environment" in said
    with pytest.raises(UsageError, match="no environment"):
        repository.rebase(onto="main", environment="new/migrations")


# What happened to the branch below.


def stacked(repository: Any) -> None:
    """Commit revision 10 on `below`, and revision 11 behind it on `feature`."""
    repository.switch("below")
    repository.add(stamp(10), stamp(2))
    repository.commit("below")
    repository.switch("feature")
    repository.add(stamp(11), stamp(10))
    repository.commit("feature")


def test_a_twin_under_another_id_is_not_kept(repository: Any) -> None:
    """The branch below was squash-merged, with a new timestamp: its table would be made twice."""
    stacked(repository)
    repository.switch("main")
    text = repository.add(stamp(12), stamp(2))
    text.write_text(text.read_text().replace(f"t{stamp(12)}", f"t{stamp(10)}"))
    repository.commit("squashed")
    repository.switch("feature")
    said = refused(repository, onto="main")
    assert f"`{stamp(10)}` does what `{stamp(12)}` of main does" in said
    repository.git(*said.partition("`git ")[2].partition("`")[0].split())
    repository.rebase(onto="main")
    repository.commit()
    repository.git("merge", "--quiet", "main")
    assert repository.line() == [stamp(each) for each in (1, 2, 12, 11)]


def test_a_parent_that_the_base_reverted_is_not_dropped_silently(repository: Any) -> None:
    repository.add(stamp(3), stamp(2))
    repository.commit("more on main")
    repository.switch("feature")
    path = repository.add(stamp(10), stamp(3))
    # Or git takes the two files for one that was renamed.
    path.write_text(path.read_text() + "# A long comment about the table.\n" * 40)
    repository.commit("feature")
    repository.switch("main")
    repository.git("revert", "--no-edit", "HEAD")
    commit = repository.git("rev-parse", "--short", "HEAD")
    repository.switch("feature")
    said = refused(repository, onto="main")
    assert f"main removed `{stamp(3)}` in {commit} (Revert" in said
    assert f"`{stamp(10)}` builds on it" in said
    repository.git("rm", said.partition("`git rm ")[2].partition("`")[0])
    repository.rebase(onto="main")
    repository.commit()
    repository.git("merge", "--quiet", "main")
    assert repository.line() == [stamp(each) for each in (1, 2, 10)]


def test_a_revert_that_is_reverted_lets_the_rebase_go_on(repository: Any) -> None:
    repository.add(stamp(3), stamp(2))
    repository.commit("more on main")
    repository.switch("feature")
    repository.add(stamp(10), stamp(3))
    repository.commit("feature")
    repository.switch("main")
    repository.git("revert", "--no-edit", "HEAD")
    repository.switch("feature")
    said = refused(repository, onto="main")
    repository.switch("main")
    repository.git("revert", "--no-edit", said.partition("`git revert ")[2].partition("`")[0])
    repository.switch("feature")
    repository.rebase(onto="main")
    repository.commit()
    repository.git("merge", "--quiet", "main")
    assert repository.line() == [stamp(each) for each in (1, 2, 3, 10)]


def test_the_same_revision_on_both_sides_is_the_one_of_the_base(repository: Any) -> None:
    """The branch below was squash-merged after a last edit: a new id would make it twice."""
    stacked(repository)
    repository.switch("main")
    path = repository.add(stamp(10), stamp(2))
    path.write_text(path.read_text().replace("create_table", "create_all"))
    repository.commit("squashed")
    repository.switch("feature")
    said = refused(repository, onto="main")
    assert "new id" not in said
    repository.git(*said.partition("`git ")[2].partition("`")[0].split())
    repository.rebase(onto="main")
    repository.commit()
    repository.git("merge", "--quiet", "main")
    assert repository.line() == [stamp(each) for each in (1, 2, 10, 11)]
