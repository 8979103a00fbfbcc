"""The hook as others use it: real commits and merges, through pre-commit and through prek."""

import ast
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOOK = ROOT / "hooks" / "revgate"
BIN = Path(sys.executable).parent
FIRST, SECOND, THIRD = "20250101000000", "20250102000000", "20250103000000"


def revision(key: str, down: str | None) -> str:
    """Write a revision file in which no rule finds anything."""
    return f'''"""Add table t{key}.

Revision ID: {key}
Revises: {down or ""}
Create Date: {key[:4]}-{key[4:6]}-{key[6:8]} 00:00:00

"""

import sqlalchemy as sa
from alembic import op

revision = "{key}"
down_revision = {f'"{down}"' if down else None}
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("t{key}", sa.Column("id", sa.Integer, primary_key=True))


def downgrade() -> None:
    op.drop_table("t{key}")
'''


@dataclass(frozen=True)
class Repository:
    path: Path
    env: dict[str, str]

    def run(self, *command: str, inside: str = ".") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.path / inside,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def git(self, *arguments: str) -> str:
        done = self.run("git", *arguments)
        assert done.returncode == 0, done.stdout
        return done.stdout.strip()

    def commit(self, *arguments: str, inside: str = ".") -> subprocess.CompletedProcess[str]:
        return self.run("git", "commit", "-m", "change", *arguments, inside=inside)

    def file(self, key: str) -> Path:
        return self.path / "migrations" / "versions" / f"{key}_add.py"

    def write(self, key: str, down: str | None) -> None:
        self.file(key).write_text(revision(key, down))

    def add(self, key: str, down: str | None) -> None:
        self.write(key, down)
        self.git("add", "--all", "migrations")

    def start(self) -> None:
        """Commit a first revision, and a second one that follows it."""
        self.file(FIRST).parent.mkdir(parents=True)
        (self.path / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
        (self.path / "notes.txt").write_text("as it was\n")
        self.git("init", "--quiet", "--initial-branch=main")
        self.write(FIRST, None)
        self.write(SECOND, FIRST)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--no-verify", "-m", "start")


def blocked(done: subprocess.CompletedProcess[str], rule: str) -> bool:
    return done.returncode != 0 and rule in done.stdout


@pytest.fixture(scope="session")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("home")
    return {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "PRE_COMMIT_HOME": str(home / "pre-commit"),
        "PREK_HOME": str(home / "prek"),
        "LANG": "C.UTF-8",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_NAME": "Ada" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "ada@example.org" for who in ("AUTHOR", "COMMITTER")},
    }


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, env: dict[str, str]) -> Repository:
    """Commit what a user of the hook clones, as it is in this work tree, to a repository."""
    path = tmp_path_factory.mktemp("published")
    for name in ("hooks", "checks"):
        shutil.copytree(ROOT / name, path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (".pre-commit-hooks.yaml", ".gitignore", "pyproject.toml"):
        shutil.copy(ROOT / name, path)
    repository = Repository(path, env)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "-m", "as it is")
    return repository


@pytest.fixture(scope="session", params=["pre-commit", "prek"])
def runner(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def hooked(
    tmp_path_factory: pytest.TempPathFactory, published: Repository, runner: str
) -> Repository:
    """Make a project whose commits and merges the hook guards, for copying."""
    repository = Repository(tmp_path_factory.mktemp(runner) / "project", published.env)
    repository.path.mkdir()
    (repository.path / ".pre-commit-config.yaml").write_text(
        "default_install_hook_types: [pre-commit, pre-merge-commit, pre-push]\n"
        "repos:\n"
        f"  - repo: {published.path.as_uri()}\n"
        f"    rev: {published.git('rev-parse', 'HEAD')}\n"
        "    hooks:\n"
        "      - id: revgate-check\n"
    )
    repository.start()
    installed = repository.run(runner, "install", "--install-hooks")
    assert installed.returncode == 0, installed.stdout
    return repository


@pytest.fixture
def project(hooked: Repository, tmp_path: Path) -> Repository:
    path = tmp_path / "project"
    shutil.copytree(hooked.path, path, symlinks=True)
    return Repository(path, hooked.env)


@pytest.fixture
def plain(env: dict[str, str], tmp_path: Path) -> Repository:
    """Make a project without any hook."""
    repository = Repository(tmp_path / "plain", env)
    repository.path.mkdir()
    repository.start()
    return repository


# Through pre-commit and prek.


def test_a_straight_revision_is_committed(project: Repository) -> None:
    project.add(THIRD, SECOND)
    done = project.commit()
    assert done.returncode == 0, done.stdout
    assert "revgate check" in done.stdout
    assert THIRD in project.git("show", "--stat")


def test_a_fork_is_no_commit(project: Repository) -> None:
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
    """What is resolved and committed by hand is no revision; the heads are two all the same."""
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


def test_a_project_without_revisions_is_told_so(project: Repository) -> None:
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
    assert list((clone / "checks/revgate/__pycache__").glob("judge.*.pyc"))


def test_an_old_python_is_told_what_it_lacks(tmp_path: Path) -> None:
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
