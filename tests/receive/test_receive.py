"""git's own hooks: real pushes to bare repositories, and real merges, each guarded by a link."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.revisions import revision

HOOKS = Path(__file__).parents[2] / "hooks"
BIN = Path(sys.executable).parent
FIRST, SECOND, THIRD, FOURTH = (f"2025010{day}000000" for day in (1, 2, 3, 4))
OTHER = "20250105000000"


@dataclass(frozen=True)
class Clone:
    path: Path
    env: dict[str, str]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.path,
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

    def push(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run("git", "push", "origin", *words)

    def file(self, key: str) -> Path:
        return self.path / "migrations" / "versions" / f"{key}_add.py"

    def commit(self, key: str, down: str | None, column: str = "id") -> None:
        self.file(key).parent.mkdir(parents=True, exist_ok=True)
        self.file(key).write_text(revision(key, down, column))
        self.save(key)

    def save(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", message)

    def write(self, name: str, text: str) -> None:
        (self.path / name).write_text(text)
        self.save(name)


def accepted(done: subprocess.CompletedProcess[str]) -> bool:
    assert done.returncode == 0, done.stdout
    return True


def refused(done: subprocess.CompletedProcess[str], *words: str) -> bool:
    assert done.returncode != 0, done.stdout
    for word in words:
        assert word in done.stdout
    return True


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_NAME": "Ada" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "ada@example.org" for who in ("AUTHOR", "COMMITTER")},
    }


@pytest.fixture
def server(tmp_path: Path, env: dict[str, str]) -> Clone:
    """Make a bare repository, below an unrelated work tree."""
    outside = Clone(tmp_path, env)
    outside.git("init", "--quiet", "--initial-branch=main", ".")
    (tmp_path / "pyproject.toml").write_text("not even TOML [\n")
    bare = Clone(tmp_path / "server.git", env)
    outside.git("init", "--quiet", "--bare", "--initial-branch=main", str(bare.path))
    return bare


def guarded(server: Clone) -> None:
    (server.path / "hooks" / "pre-receive").symlink_to(HOOKS / "pre-receive")


def clone(server: Clone, name: str) -> Clone:
    made = Clone(server.path.parent / name, server.env)
    server.git("clone", "--quiet", str(server.path), str(made.path))
    return made


@pytest.fixture
def work(server: Clone) -> Clone:
    """Make a clone whose first two revisions are on the guarded server."""
    made = clone(server, "work")
    made.git("switch", "--quiet", "--orphan", "main")
    (made.path / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    made.commit(FIRST, None)
    made.commit(SECOND, FIRST)
    assert accepted(made.push("main"))
    guarded(server)
    return made


# pre-receive.


def test_a_straight_push_is_accepted(work: Clone, server: Clone) -> None:
    work.commit(THIRD, SECOND)
    done = work.push("main")
    assert accepted(done)
    assert f"head {THIRD}" in done.stdout
    assert server.git("rev-parse", "main") == work.git("rev-parse", "HEAD")


def test_two_heads_are_refused(work: Clone, server: Clone) -> None:
    before = server.git("rev-parse", "main")
    work.commit(THIRD, FIRST)
    assert refused(
        work.push("main"),
        "multiple-heads",
        "pre-receive hook declined",
        f'down_revision = "{FIRST}"',
    )
    assert server.git("rev-parse", "main") == before
    assert server.git("for-each-ref", "--format=%(refname)") == "refs/heads/main"


def test_a_merge_that_makes_two_heads_is_refused(work: Clone) -> None:
    """Each side is straight; what is pushed is their merge."""
    work.git("branch", "side")
    work.commit(THIRD, SECOND)
    assert accepted(work.push("main"))
    work.git("switch", "--quiet", "side")
    work.commit(FOURTH, SECOND)
    work.git("merge", "--quiet", "--no-edit", "main")
    assert refused(work.push("side:main"), "multiple-heads")


def test_a_published_revision_stays_as_it_is(work: Clone) -> None:
    work.commit(SECOND, FIRST, column="key")
    assert refused(work.push("main"), "edited-revision")


def test_a_comment_is_not_an_edit(work: Clone) -> None:
    work.file(SECOND).write_text("# A note.\n" + revision(SECOND, FIRST))
    work.save("note")
    assert accepted(work.push("main"))


def test_a_published_revision_stays(work: Clone) -> None:
    work.file(SECOND).unlink()
    work.save("gone")
    assert refused(work.push("main"), "removed-revision")


def test_a_forced_push_that_drops_what_was_published(work: Clone) -> None:
    """No merge happens: the old history would be replaced."""
    work.commit(THIRD, SECOND)
    assert accepted(work.push("main"))
    work.git("reset", "--quiet", "--hard", "HEAD~1")
    assert refused(work.push("--force", "main"), "removed-revision", THIRD)
    work.commit(FOURTH, SECOND)
    assert refused(work.push("--force", "main"), "removed-revision", THIRD)


def test_a_forced_push_that_keeps_what_was_published(work: Clone) -> None:
    work.git("commit", "--quiet", "--amend", "-m", "other words")
    assert accepted(work.push("--force", "main"))


def test_an_unrelated_history_is_judged_as_a_replacement(work: Clone) -> None:
    work.git("switch", "--quiet", "--orphan", "fresh")
    work.write("alembic.ini", "[alembic]\nscript_location = migrations\n")
    work.commit(FIRST, None)
    assert refused(work.push("--force", "fresh:main"), "removed-revision", SECOND)


def test_all_of_alembic_cannot_vanish_unjudged(work: Clone) -> None:
    work.git("rm", "--quiet", "-r", "migrations", "alembic.ini")
    work.git("commit", "--quiet", "-m", "gone")
    assert refused(work.push("main"))


def test_only_protected_branches_are_guarded(work: Clone, server: Clone) -> None:
    work.commit(THIRD, FIRST)
    assert accepted(work.push("main:topic"))
    server.git("config", "--add", "revgate.protected", "release/*")
    assert accepted(work.push("main:main"))
    assert refused(work.push("main:release/1.0"), "multiple-heads", "release/1.0")


def test_the_branch_of_head_is_protected(work: Clone, server: Clone) -> None:
    server.git("symbolic-ref", "HEAD", "refs/heads/trunk")
    work.commit(THIRD, FIRST)
    assert refused(work.push("main:trunk"), "multiple-heads")


def test_a_branch_name_may_hold_any_space_that_git_takes(work: Clone, server: Clone) -> None:
    """Python splits lines and words at these; git does not."""
    server.git("config", "--add", "revgate.protected", "release/*")
    work.commit(THIRD, FIRST)
    for name in ("release/\u3000one", "release/\u0085two", "release/\u2028three"):
        assert refused(work.push(f"main:{name}"), "multiple-heads")


def test_a_symbolic_reference_is_the_branch_it_points_at(work: Clone, server: Clone) -> None:
    server.git("symbolic-ref", "refs/heads/alias", "refs/heads/main")
    work.commit(THIRD, FIRST)
    assert refused(work.push("main:alias"), "multiple-heads")


def test_a_pattern_of_branches_does_not_backtrack(work: Clone, server: Clone) -> None:
    server.git("config", "--add", "revgate.protected", f"{'*a' * 40}b")
    assert accepted(work.push(f"main:{'a' * 120}"))


def test_a_new_branch_tags_and_deletions(work: Clone, server: Clone) -> None:
    assert accepted(work.push("main:master"))
    work.commit(THIRD, FIRST)
    work.git("tag", "v1")
    work.git("tag", "-a", "v2", "-m", "signed")
    assert accepted(work.push("v1", "v2"))
    assert accepted(work.push("--delete", "master", "v1"))
    assert refused(work.push("main:master"), "multiple-heads")


def test_one_refused_branch_refuses_the_push(work: Clone, server: Clone) -> None:
    work.git("branch", "good")
    work.commit(THIRD, FIRST)
    assert refused(work.push("good:master", "main:main"), "multiple-heads", "revgate: master")
    assert "master" not in server.git("branch")


def test_settings_are_those_of_the_branch_as_it_was(work: Clone) -> None:
    work.write("pyproject.toml", "[tool.revgate]\nbaselin = 1\n")
    assert refused(work.push("main"), "did you mean 'baseline'")
    ignore = '[tool.revgate]\nignore = ["multiple-heads", "branching-merge"]\n'
    work.write("pyproject.toml", "[tool.revgate]\nlinear = true\n")
    assert accepted(work.push("main"))
    work.write("pyproject.toml", ignore)
    work.commit(THIRD, FIRST)
    assert refused(work.push("main"), "multiple-heads")
    work.git("reset", "--quiet", "--hard", "HEAD~1")
    assert accepted(work.push("main"))
    work.commit(THIRD, FIRST)
    assert accepted(work.push("main"))
    work.write("revgate.toml", "linear = true\n")
    assert refused(work.push("main"), "both revgate.toml and pyproject.toml have settings")
    work.write("pyproject.toml", "")
    assert accepted(work.push("main"))  # they hold from the next push on
    work.commit(FOURTH, FIRST)
    assert refused(work.push("main"), "multiple-heads")


def test_a_first_push_brings_its_own_settings(work: Clone) -> None:
    work.write("pyproject.toml", '[tool.revgate]\nignore = ["multiple-heads", "branching-merge"]\n')
    work.commit(THIRD, FIRST)
    assert accepted(work.push("main:master"))
    # What protects the published revisions is not the branch's to ignore.
    assert refused(work.push("main"), "branching-merge")


def test_a_repository_without_alembic(server: Clone) -> None:
    guarded(server)
    made = clone(server, "pages")
    made.git("switch", "--quiet", "--orphan", "main")
    made.write("index.html", "<p>pages</p>\n")
    done = made.push("main")
    assert accepted(done)
    assert "no Alembic history" in done.stdout
    made.write("alembic.ini", "[alembic]\nscript_location = migrations\n")
    assert refused(made.push("main"), "nothing could be checked")
    made.commit(FIRST, None)
    assert accepted(made.push("main"))


def test_pushes_at_the_same_time(work: Clone, server: Clone) -> None:
    """Each is straight by itself; git takes one and tells the others to fetch first."""
    clones = [clone(server, f"clone{number}") for number in range(4)]
    for number, each in enumerate(clones):
        each.commit(f"2025020{number + 1}000000", SECOND)
    with ThreadPoolExecutor(len(clones)) as pool:
        done = list(pool.map(lambda each: each.push("main"), clones))
    winners = [each for each, push in zip(clones, done, strict=True) if push.returncode == 0]
    assert len(winners) == 1, [push.stdout for push in done]
    assert server.git("rev-parse", "main") == winners[0].git("rev-parse", "HEAD")
    loser = next(each for each in clones if each is not winners[0])
    loser.git("fetch", "--quiet", "origin")
    loser.git("merge", "--quiet", "--no-edit", "origin/main")
    assert refused(loser.push("main"), "multiple-heads")


def test_pushes_to_several_branches_at_the_same_time(work: Clone, server: Clone) -> None:
    server.git("config", "revgate.protected", "release/*")
    clones = [clone(server, f"clone{number}") for number in range(4)]
    for number, each in enumerate(clones):
        each.commit(f"2025020{number + 1}000000", SECOND if number % 2 else FIRST)
    with ThreadPoolExecutor(len(clones)) as pool:
        done = pool.map(lambda at: clones[at].push(f"main:release/{at}"), range(4))
        codes = [push.returncode == 0 for push in done]
    assert codes == [False, True, False, True]


def test_lines_that_git_never_writes(work: Clone) -> None:
    done = subprocess.run(
        [str(HOOKS / "pre-receive")],
        cwd=work.path,
        env=work.env,
        input="one two\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "not a line that git passes to pre-receive: 'one two'" in done.stderr


# pre-push and pre-merge-commit.


@pytest.fixture
def local(work: Clone, server: Clone) -> Clone:
    """Make a clone with hooks of its own; the server has none."""
    (server.path / "hooks" / "pre-receive").unlink()
    for name in ("pre-push", "pre-merge-commit"):
        (work.path / ".git" / "hooks" / name).symlink_to(HOOKS / name)
    return work


def test_a_fork_does_not_leave(local: Clone) -> None:
    local.commit(THIRD, FIRST)
    assert refused(local.push("main:topic"), "multiple-heads")
    assert refused(local.push("main"), "multiple-heads")


def test_every_rule_is_asked_before_a_push(local: Clone) -> None:
    local.commit(THIRD, SECOND)
    text = revision(THIRD, SECOND).replace(f'op.drop_table("t{THIRD}")', "pass")
    local.file(THIRD).write_text(text)
    local.save("empty")
    assert refused(local.push("main:topic"), "empty-downgrade")


def test_a_branch_of_ones_own_may_be_rewritten(local: Clone) -> None:
    local.commit(THIRD, SECOND)
    assert accepted(local.push("main:topic"))
    local.git("reset", "--quiet", "--hard", "HEAD~1")
    local.commit(FOURTH, SECOND)
    assert accepted(local.push("--force", "main:topic"))
    assert accepted(local.push("main"))
    local.git("reset", "--quiet", "--hard", "HEAD~1")
    assert refused(local.push("--force", "main"), "removed-revision")


def test_what_is_pushed_is_judged_not_the_work_tree(local: Clone) -> None:
    local.commit(THIRD, SECOND)
    local.file(THIRD).write_text(revision(THIRD, FIRST))
    assert accepted(local.push("main"))
    assert accepted(local.push("main:topic"))
    assert accepted(local.push("--delete", "topic"))


def test_a_branch_whose_remote_tip_is_not_here(local: Clone, server: Clone) -> None:
    """git refuses by itself; the hook must not fail for want of the commit."""
    other = clone(server, "other")
    other.commit(THIRD, SECOND)
    assert accepted(other.push("main"))
    local.write("notes.txt", "mine\n")
    done = local.push("main")
    assert refused(done, "rejected")
    assert "head" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_linked_work_tree(local: Clone) -> None:
    local.git("worktree", "add", "--quiet", "-b", "topic", "../linked")
    linked = Clone(local.path.parent / "linked", local.env)
    linked.commit(THIRD, FIRST)
    assert refused(linked.push("topic"), "multiple-heads")
    assert accepted(local.push("main"))


def test_a_clean_merge_with_two_heads_is_not_a_commit(local: Clone) -> None:
    local.git("branch", "side")
    local.commit(THIRD, SECOND)
    local.git("switch", "--quiet", "side")
    local.commit(FOURTH, SECOND)
    before = local.git("rev-parse", "HEAD")
    assert refused(local.run("git", "merge", "--no-edit", "main"), "multiple-heads")
    assert local.git("rev-parse", "HEAD") == before


def test_a_clean_merge_that_is_straight(local: Clone) -> None:
    local.git("branch", "side")
    local.commit(THIRD, SECOND)
    local.git("switch", "--quiet", "side")
    local.write("notes.txt", "mine\n")
    assert accepted(local.run("git", "merge", "--no-edit", "main"))
