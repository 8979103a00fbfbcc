"""`check --against` judges the work tree as it is, not what was last committed."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.verdicts.conftest import R0, R1, R2, B, C, M, alembic_heads, at, new

if TYPE_CHECKING:
    from pathlib import Path

    from tests.verdicts.conftest import Files, Said, Verdicts


def write(repo: Verdicts, files: Files) -> None:
    for name, text in files.items():
        path = repo.author / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or "")


def check(repo: Verdicts, base: str = "main") -> Said:
    """Judge the work tree, and see that git's own index is as it was."""
    before = repo.git("status", "--porcelain"), repo.git("ls-files", "--stage")
    said = repo.check("--against", base)
    assert (repo.git("status", "--porcelain"), repo.git("ls-files", "--stage")) == before
    return said


@pytest.fixture
def forked(repo: Verdicts) -> Verdicts:
    """Check out a branch whose only revision forks with `main`."""
    repo.change(new(B, R2))
    repo.on_main(new(M, R2))
    repo.git("switch", "--quiet", "b")
    return repo


def test_a_rebase_that_is_not_committed(forked: Verdicts) -> None:
    assert check(forked).rules() == {"branching-merge"}
    assert forked.run("rebase", "--onto", "main")[0] == 0
    assert check(forked).code == 0
    assert forked.check("--against", "main", "--at", "HEAD").rules() == {"branching-merge"}
    assert forked.check("--against", "main", "--staged").rules() == {"branching-merge"}


def test_a_fork_that_is_not_committed(repo: Verdicts) -> None:
    repo.change(new(B, R2))
    repo.on_main(new(M, R2))
    repo.git("switch", "--quiet", "b")
    repo.git("merge", "--quiet", "--no-edit", "main")
    write(repo, new(B, M))
    assert check(repo).code == 0
    write(repo, new(B, R2))
    assert check(repo).rules() == {"multiple-heads"}


def test_a_file_that_git_does_not_know(repo: Verdicts) -> None:
    repo.git("switch", "--quiet", "--create", "c")
    write(repo, new(C, R2))
    assert check(repo).report["summary"]["revisions"] == 4
    repo.git("switch", "--quiet", "main")
    repo.on_main(new(M, R2))
    repo.git("switch", "--quiet", "c")
    assert check(repo).rules() == {"branching-merge"}


@pytest.mark.parametrize("name", [at(C), "migrations/versions/ä ü.py"])
def test_a_file_that_git_ignores(repo: Verdicts, name: str) -> None:
    """Alembic loads it."""
    write(repo, {".gitignore": "*.py\n", name: new(C, R1)[at(C)]})
    assert len(alembic_heads(repo.author)) == 2
    assert "multiple-heads" in check(repo).rules()


def test_what_is_staged_in_part(repo: Verdicts) -> None:
    write(repo, new(C, R1))
    repo.git("add", "--all")
    write(repo, new(C, R2))
    assert check(repo).code == 0
    assert "multiple-heads" in repo.check("--against", "main", "--staged").rules()


def test_an_edit_and_a_removal(repo: Verdicts) -> None:
    write(repo, new(R1, R0, column="key"))
    assert check(repo).rules() == {"edited-revision"}
    repo.git("checkout", "--", ".")
    (repo.author / at(R2)).unlink()
    assert check(repo).rules() == {"removed-revision"}


def test_an_edit_in_the_second_of_the_last_commit(repo: Verdicts) -> None:
    """Of the same size, and with the same times: git compares such a file by its content."""
    path = repo.author / at(R1)
    status = path.stat()
    text = path.read_text()
    repo.git("update-index", "--really-refresh")
    path.write_text(text.replace("Integer", "Numeric"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert len(text) == path.stat().st_size
    assert text != path.read_text()
    assert check(repo).rules() == {"edited-revision"}


def test_an_announced_file_counts(repo: Verdicts) -> None:
    write(repo, new(C, R1))
    repo.git("add", "--intent-to-add", ".")
    assert "multiple-heads" in check(repo).rules()


def test_a_conflict_is_judged_as_it_is(repo: Verdicts) -> None:
    repo.change(new(B, R2, column="one"))
    repo.on_main(new(B, R2, column="two"))
    repo.git("switch", "--quiet", "b")
    done = subprocess.run(
        ["git", "merge", "main"],
        cwd=repo.author,
        env=repo.site.env,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert "unreadable-revision" in check(repo).rules()
    write(repo, new(B, R2, column="two"))
    assert check(repo).code == 0


def test_folders_behind_links(repo: Verdicts, tmp_path: Path) -> None:
    repo.git("mv", "migrations/versions", "all")
    (repo.author / "migrations/versions").symlink_to("../all")
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--message", "a link")
    write(repo, new(C, R1))
    assert "multiple-heads" in check(repo).rules()


def test_large_files_next_to_it_do_not_count(repo: Verdicts) -> None:
    """What nobody tracks and Alembic does not load is never read."""
    write(repo, {"dump.sql": "rows", "migrations/versions/notes.txt": "notes"})
    assert check(repo).code == 0
    for name in ("dump.sql", "migrations/versions/notes.txt"):
        blob = repo.git("hash-object", name)
        with pytest.raises(AssertionError):
            repo.git("cat-file", "-e", blob)


def test_a_file_that_nobody_can_read(repo: Verdicts) -> None:
    (repo.author / at(C)).symlink_to("nowhere.py")
    assert "unreadable-revision" in check(repo).rules()


def test_a_subfolder(repo: Verdicts) -> None:
    write(repo, new(C, R1))
    done = subprocess.run(
        [sys.executable, "-m", "revgate", "check", "--no-cache", "--against", "main"],
        cwd=repo.author / "migrations",
        env=repo.site.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "multiple-heads" in done.stdout, done.stderr


def test_a_cached_verdict_is_of_the_same_files(repo: Verdicts) -> None:
    write(repo, new(C, R2))
    for parent, code in ((R2, 0), (R1, 1), (R2, 0)):
        write(repo, new(C, parent))
        for _ in range(2):
            assert repo.run("check", "--against", "main")[0] == code


def test_auto_names_its_base(repo: Verdicts) -> None:
    assert "`origin/main`" in check(repo, "auto").text
    assert any("`origin/main`" in each for each in check(repo, "auto").report["notes"])
    assert "origin/main" not in check(repo, "main").text
