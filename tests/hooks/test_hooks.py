"""The hook as others use it: real commits and merges, through pre-commit and through prek."""

from __future__ import annotations

import ast
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.hooks.conftest import FIRST, HOOK, SECOND, THIRD, Repository, blocked
from tests.revisions import revision

if TYPE_CHECKING:
    from pathlib import Path

# Through pre-commit and prek.


def test_a_straight_revision_is_committed(project: Repository) -> None:
    project.add(THIRD, SECOND)
    done = project.commit()
    assert done.returncode == 0, done.stdout
    assert "revgate check" in done.stdout
    assert THIRD in project.git("show", "--stat")


def test_a_fork_is_not_a_commit(project: Repository) -> None:
    before = project.git("rev-parse", "HEAD")
    project.add(THIRD, FIRST)
    assert blocked(project.commit(), "multiple-heads")
    assert project.git("rev-parse", "HEAD") == before


def test_a_commit_from_a_sub_folder(project: Repository) -> None:
    project.add(THIRD, FIRST)
    assert blocked(project.commit(inside="migrations/versions"), "multiple-heads")
    project.add(THIRD, SECOND)
    assert project.commit(inside="migrations/versions").returncode == 0


def test_a_commit_that_only_deletes_a_parent(project: Repository) -> None:
    project.git("rm", "--quiet", str(project.file(FIRST)))
    assert blocked(project.commit(), "missing-parent")


def test_a_commit_without_any_revision(project: Repository) -> None:
    (project.path / "notes.txt").write_text("changed\n")
    assert project.commit("--all").returncode == 0


def test_the_index_is_judged_where_the_work_tree_is_wrong(project: Repository) -> None:
    project.add(THIRD, SECOND)
    project.write(THIRD, FIRST)
    done = project.commit()
    assert done.returncode == 0, done.stdout


def test_the_index_is_judged_where_the_work_tree_is_right(project: Repository) -> None:
    project.add(THIRD, FIRST)
    project.write(THIRD, SECOND)
    assert blocked(project.commit(), "multiple-heads")
    assert project.file(THIRD).read_text() == revision(THIRD, SECOND)


def test_an_untracked_revision_is_not_in_the_commit(project: Repository) -> None:
    project.write(THIRD, FIRST)
    (project.path / "notes.txt").write_text("changed\n")
    assert project.commit("--all").returncode == 0


def test_commit_all_is_judged_by_its_own_index(project: Repository) -> None:
    project.write(SECOND, "20240101000000")
    assert blocked(project.commit("--all"), "missing-parent")


def test_commit_of_one_path_is_judged_by_its_own_index(project: Repository) -> None:
    project.add("20250104000000", FIRST)
    project.add(THIRD, SECOND)
    straight = str(project.file(THIRD))
    done = project.commit("--", straight)
    assert done.returncode == 0, done.stdout
    assert blocked(project.commit(), "multiple-heads")


FOURTH = "20250104000000"
STRAY = "20241231000000"


def test_only_what_is_staged_of_one_file_counts(project: Repository) -> None:
    """Half of a change is staged, as by `git add --patch`, and that half forks the chain."""
    project.add(THIRD, FIRST)
    text = project.file(THIRD).read_text()
    straight = text.replace(f'"{FIRST}"', f'"{SECOND}"').replace(f": {FIRST}", f": {SECOND}")
    project.file(THIRD).write_text(straight)
    before = project.git("diff", "--unified=0")
    assert blocked(project.commit(), "multiple-heads")
    assert project.git("diff", "--unified=0") == before
    project.git("apply", "--cached", "--unidiff-zero", "-", stdin=before + "\n")
    assert project.commit().returncode == 0


def test_a_renamed_revision(project: Repository) -> None:
    versions = "migrations/versions"
    project.git("mv", str(project.file(SECOND)), f"{versions}/{SECOND}_other.py")
    assert project.commit().returncode == 0
    project.git("mv", f"{versions}/{SECOND}_other.py", f"{versions}/other.py")
    assert blocked(project.commit(), "file-name")


def test_a_head_may_be_deleted_and_what_it_leaves_is_judged(project: Repository) -> None:
    project.git("rm", "--quiet", str(project.file(SECOND)))
    done = project.commit()
    assert done.returncode == 0, done.stdout
    project.git("rm", "--quiet", "--cached", str(project.file(FIRST)))
    assert blocked(project.commit(), "nothing could be checked")


def test_a_deletion_and_what_fixes_it(project: Repository) -> None:
    """The middle of the chain goes; the last is put behind the first in the same commit."""
    project.add(THIRD, SECOND)
    assert project.commit().returncode == 0
    project.git("rm", "--quiet", str(project.file(SECOND)))
    assert blocked(project.commit(), "missing-parent")
    project.add(THIRD, FIRST)
    assert project.commit().returncode == 0


def test_a_commit_that_is_amended(project: Repository) -> None:
    project.add(THIRD, SECOND)
    assert project.commit().returncode == 0
    project.add(THIRD, FIRST)
    assert blocked(project.commit("--amend"), "multiple-heads")


def test_a_merge_with_a_conflict_in_a_revision(project: Repository) -> None:
    """Both sides made the same file; resolving it in a way that breaks the chain is reported."""
    project.git("switch", "--quiet", "--create", "other")
    project.add(THIRD, SECOND)
    project.git("commit", "--quiet", "-m", "theirs")
    project.git("switch", "--quiet", "main")
    project.add(THIRD, SECOND)
    text = project.file(THIRD).read_text()
    project.file(THIRD).write_text(text.replace("sa.Integer", "sa.BigInteger"))
    project.git("commit", "--quiet", "--all", "-m", "ours")
    assert project.run("git", "merge", "--no-edit", "other").returncode != 0
    project.add(THIRD, FIRST)
    assert blocked(project.run("git", "commit", "--no-edit"), "multiple-heads")
    project.add(THIRD, SECOND)
    done = project.run("git", "commit", "--no-edit")
    assert done.returncode == 0, done.stdout


def test_a_merge_of_three_branches(project: Repository) -> None:
    for name, key in (("one", THIRD), ("two", FOURTH)):
        project.git("switch", "--quiet", "--create", name, "main")
        project.add(key, SECOND)
        project.git("commit", "--quiet", "-m", name)
    project.git("switch", "--quiet", "main")
    before = project.git("rev-parse", "HEAD")
    assert blocked(project.run("git", "merge", "--no-edit", "one", "two"), "multiple-heads")
    assert project.git("rev-parse", "HEAD") == before


def test_a_broken_repository_is_not_clean(project: Repository) -> None:
    ini = project.path / "alembic.ini"
    ini.write_text("[alembic]\nscript_location = nowhere\n")
    assert blocked(project.commit("--all"), "nowhere")
    project.git("checkout", "HEAD", "--", "alembic.ini")
    (project.path / "revgate.toml").write_text("linaer = true\n")
    project.git("add", "revgate.toml")
    assert blocked(project.commit(), "linear")


def test_it_is_asked_by_hand(project: Repository, runner: str) -> None:
    """In the stage `manual`, and for all files, which is how CI calls it."""
    for words in (["--hook-stage", "manual"], ["--all-files"]):
        command = (runner, "run", "revgate-check", *words)
        project.add(THIRD, SECOND)
        done = project.run(*command)
        assert done.returncode == 0, done.stdout
        assert "Passed" in done.stdout
        project.add(THIRD, STRAY)
        assert blocked(project.run(*command), "missing-parent")


def test_a_merge_of_two_branches(project: Repository) -> None:
    """Both are straight, the merge is clean, and it has two heads."""
    project.git("switch", "--quiet", "--create", "other")
    project.add(THIRD, SECOND)
    assert project.commit().returncode == 0
    project.git("switch", "--quiet", "main")
    project.add("20250104000000", SECOND)
    assert project.commit().returncode == 0
    before = project.git("rev-parse", "HEAD")
    assert blocked(project.run("git", "merge", "--no-edit", "other"), "multiple-heads")
    assert project.git("rev-parse", "HEAD") == before


def test_a_merge_with_a_conflict_elsewhere(project: Repository) -> None:
    """The file resolved and committed by hand is not a revision; there are still two heads."""
    notes = project.path / "notes.txt"
    project.git("switch", "--quiet", "--create", "other")
    notes.write_text("theirs\n")
    project.add(THIRD, SECOND)
    assert project.commit("--all").returncode == 0
    project.git("switch", "--quiet", "main")
    notes.write_text("ours\n")
    project.add("20250104000000", SECOND)
    assert project.commit("--all").returncode == 0
    assert project.run("git", "merge", "other").returncode != 0
    notes.write_text("both\n")
    project.git("add", "notes.txt")
    assert blocked(project.commit(), "multiple-heads")


def test_a_merge_that_is_straight(project: Repository) -> None:
    project.git("switch", "--quiet", "--create", "other")
    project.add(THIRD, SECOND)
    assert project.commit().returncode == 0
    project.git("switch", "--quiet", "main")
    (project.path / "notes.txt").write_text("changed\n")
    assert project.commit("--all").returncode == 0
    done = project.run("git", "merge", "--no-edit", "other")
    assert done.returncode == 0, done.stdout


def test_a_push_is_judged_by_the_commit_that_leaves(project: Repository, tmp_path: Path) -> None:
    """A rebase runs no commit hook, so a fork may be committed; it must not leave."""
    project.git("init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    project.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    project.git("push", "--quiet", "origin", "main")
    project.add(THIRD, FIRST)
    project.git("commit", "--quiet", "--no-verify", "-m", "fork")
    project.add(THIRD, SECOND)  # the index is straight, the commit is not
    assert blocked(project.run("git", "push", "origin", "main"), "multiple-heads")
    project.git("commit", "--quiet", "--no-verify", "-m", "straight")
    project.add(THIRD, FIRST)  # and the other way round
    done = project.run("git", "push", "origin", "main")
    assert done.returncode == 0, done.stdout


def test_a_project_without_revisions_is_reported(project: Repository) -> None:
    project.git("rm", "--quiet", "-r", "migrations")
    assert blocked(project.commit(), "nothing could be checked")


def test_try_repo(published: Repository, plain: Repository, runner: str) -> None:
    command = (runner, "try-repo", str(published.path), "revgate-check")
    plain.add(THIRD, SECOND)
    done = plain.run(*command)
    assert done.returncode == 0, done.stdout
    plain.add(THIRD, FIRST)
    assert blocked(plain.run(*command), "multiple-heads")


# By itself.


def test_it_runs_from_a_sub_folder(plain: Repository) -> None:
    done = plain.run(str(HOOK), "check", inside="migrations/versions")
    assert done.returncode == 0, done.stdout
    plain.write(THIRD, FIRST)
    done = plain.run(str(HOOK), "check", inside="migrations/versions")
    assert done.returncode == 1
    assert "migrations/versions/" in done.stdout


def test_it_runs_through_links(plain: Repository, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.symlink_to(HOOK)
    second.symlink_to("first")
    assert plain.run(str(second), "check").returncode == 0


def test_it_runs_as_gits_own_hook(plain: Repository) -> None:
    """Without pre-commit: two lines in .git/hooks."""
    script = plain.path / ".git" / "hooks" / "pre-commit"
    script.write_text(f'#!/bin/sh\nexec "{HOOK}" check --staged\n')
    script.chmod(0o755)
    plain.add(THIRD, FIRST)
    assert blocked(plain.commit(), "multiple-heads")
    assert blocked(plain.commit("--all"), "multiple-heads")
    plain.add(THIRD, SECOND)
    assert plain.commit().returncode == 0


def test_it_runs_in_a_linked_work_tree(plain: Repository, tmp_path: Path) -> None:
    plain.git("worktree", "add", "--quiet", "-b", "other", str(tmp_path / "linked"))
    linked = Repository(tmp_path / "linked", plain.env)
    linked.add(THIRD, FIRST)
    assert blocked(linked.run(str(HOOK), "check", "--staged"), "multiple-heads")
    assert plain.run(str(HOOK), "check", "--staged").returncode == 0


def test_nothing_of_the_caller_is_imported(plain: Repository) -> None:
    """Neither modules of the project that it judges, nor those that PYTHONPATH offers."""
    for name in ("argparse.py", "ast.py", "json.py", "revgate.py"):
        (plain.path / name).write_text("raise SystemExit('imported from the project')\n")
    intruded = Repository(plain.path, {**plain.env, "PYTHONPATH": str(plain.path)})
    done = intruded.run(str(HOOK), "check")
    assert done.returncode == 0, done.stdout


def test_the_engine_is_compiled_once(
    published: Repository, plain: Repository, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    published.git("clone", "--quiet", str(published.path), str(clone))
    environment = {**plain.env, "PYTHONDONTWRITEBYTECODE": "1"}
    done = Repository(plain.path, environment).run(str(clone / "hooks/revgate"), "check")
    assert done.returncode == 0, done.stdout
    assert list((clone / "checks/revgate/cli/__pycache__").glob("commands.*.pyc"))


def test_an_old_python_gets_a_message_about_its_version(tmp_path: Path) -> None:
    """Such an interpreter must parse the whole file to get to the message."""
    ast.parse(HOOK.read_text(), feature_version=(3, 5))
    pretend = (
        "import runpy, sys\n"
        "sys.version_info = (3, 9, 18)\n"
        f"runpy.run_path({str(HOOK)!r}, run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", pretend],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "needs Python 3.11 or newer" in done.stderr
    assert "is Python 3.9" in done.stderr
