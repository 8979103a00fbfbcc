"""`check --against`: what a merge would do, found out from git's objects alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HOOK = Path(__file__).parents[2] / "hooks" / "revgate"
FIRST, SECOND, THIRD, FOURTH = (f"2025010{day}000000" for day in (1, 2, 3, 4))
REVISION = """\
revision = "{key}"
down_revision = {parent!r}


def upgrade() -> None:
    op.create_table("t{key}")


def downgrade() -> None:
    op.drop_table("t{key}")
"""


@dataclass(frozen=True)
class Clone:
    path: Path
    home: Path

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        identity = {
            f"GIT_{who}_{what}": "ada@example.org"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "LANG": "C.UTF-8",
            **identity,
            **variables,
        }
        return subprocess.run(
            command, cwd=self.path, env=environment, capture_output=True, text=True, check=False
        )

    def git(self, *words: str) -> str:
        done = self.run("git", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def check(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-I", "-S", str(HOOK), "check", *words, **variables)

    def rules(self, *words: str, **variables: str) -> list[str]:
        done = self.check(*words, "--format", "json", **variables)
        assert done.returncode in (0, 1), done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
        return sorted(finding["rule"] for finding in found)

    def file(self, key: str) -> Path:
        return self.path / "migrations" / "versions" / f"{key}_x.py"

    def add(self, key: str, parent: str | None) -> None:
        self.file(key).parent.mkdir(parents=True, exist_ok=True)
        self.file(key).write_text(REVISION.format(key=key, parent=parent))
        self.git("add", "--all")

    def commit(self, key: str, parent: str | None) -> None:
        self.add(key, parent)
        self.git("commit", "--quiet", "--message", key)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Two branches that part after the second revision: `main` has a third, `ours` nothing yet."""
    (tmp_path / "clone").mkdir()
    clone = Clone(tmp_path / "clone", tmp_path)
    clone.git("init", "--quiet", "--initial-branch=main")
    (clone.path / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    (clone.path / "notes.txt").write_text("as it was\n")
    clone.commit(FIRST, None)
    clone.commit(SECOND, FIRST)
    clone.git("branch", "ours")
    clone.commit(THIRD, SECOND)
    clone.git("switch", "--quiet", "ours")
    return clone


def test_a_branch_without_revisions_is_clean(clone: Clone) -> None:
    assert clone.check("--against", "main").returncode == 0


def test_a_fork_is_reported_with_the_line_that_fixes_it(clone: Clone) -> None:
    clone.commit(FOURTH, SECOND)
    assert clone.rules() == []
    done = clone.check("--against", "main")
    assert done.returncode == 1
    assert "error[branching-merge]" in done.stdout
    assert f"migrations/versions/{FOURTH}_x.py:2:1" in done.stdout
    assert f'write\n            down_revision = "{THIRD}"\n' in done.stdout


def test_the_index_is_judged_before_it_is_committed(clone: Clone) -> None:
    clone.add(FOURTH, SECOND)
    assert clone.rules("--at", "HEAD", "--against", "main") == []
    assert clone.rules("--against", "main") == ["branching-merge"]
    assert clone.rules("--staged", "--against", "main") == ["branching-merge"]


def test_another_commit_is_judged(clone: Clone) -> None:
    clone.commit(FOURTH, SECOND)
    clone.git("switch", "--quiet", "main")
    assert clone.rules("--at", "ours", "--against", "main") == ["branching-merge"]
    assert clone.rules("--against", "main") == []


def test_a_conflict_elsewhere_does_not_matter(clone: Clone) -> None:
    (clone.path / "notes.txt").write_text("ours\n")
    clone.commit(FOURTH, SECOND)
    clone.git("switch", "--quiet", "main")
    (clone.path / "notes.txt").write_text("theirs\n")
    clone.git("commit", "--quiet", "--all", "--message", "notes")
    clone.git("switch", "--quiet", "ours")
    assert clone.rules("--against", "main") == ["branching-merge"]


def test_a_conflict_in_a_revision_is_a_finding(clone: Clone) -> None:
    clone.commit(THIRD, FIRST)
    assert "unreadable-revision" in clone.rules("--against", "main")


def test_a_merge_in_progress_is_judged_by_the_index(clone: Clone) -> None:
    (clone.path / "notes.txt").write_text("ours\n")
    clone.commit(FOURTH, SECOND)
    clone.git("switch", "--quiet", "main")
    (clone.path / "notes.txt").write_text("theirs\n")
    clone.git("commit", "--quiet", "--all", "--message", "notes")
    clone.git("switch", "--quiet", "ours")
    assert clone.run("git", "merge", "main").returncode == 1
    (clone.path / "notes.txt").write_text("both\n")
    clone.add(FOURTH, THIRD)
    assert clone.rules("--staged", "--against", "main") == []


def test_what_is_published_is_not_asked_again(clone: Clone) -> None:
    clone.git("switch", "--quiet", "main")
    text = clone.file(THIRD).read_text().replace('op.drop_table("t20250103000000")', "pass")
    clone.file(THIRD).write_text(text)
    clone.git("commit", "--quiet", "--all", "--message", "a sin of the past")
    clone.git("switch", "--quiet", "--create", "later")
    clone.commit(FOURTH, THIRD)
    assert clone.rules() == ["empty-downgrade"]
    assert clone.rules("--against", "main") == []


def test_a_folder_that_the_base_lacks(clone: Clone) -> None:
    clone.git("switch", "--quiet", "--orphan", "bare")
    clone.git("commit", "--quiet", "--allow-empty", "--message", "nothing")
    clone.git("switch", "--quiet", "--create", "with")
    (clone.path / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    clone.commit(FIRST, None)
    assert clone.rules("--against", "bare") == []


def test_a_commit_is_judged_without_the_work_tree(clone: Clone) -> None:
    clone.commit(FOURTH, SECOND)
    clone.file(FOURTH).write_text("not python(")
    before = clone.git("status", "--porcelain")
    assert clone.rules("--at", "HEAD", "--against", "main") == ["branching-merge"]
    assert clone.git("status", "--porcelain") == before


def test_a_base_that_is_missing(clone: Clone) -> None:
    done = clone.check("--against", "origin/release")
    assert done.returncode == 3
    assert "this clone has no remote" in done.stderr


def test_a_clone_too_shallow_to_know_the_ancestor(clone: Clone, tmp_path: Path) -> None:
    clone.commit(FOURTH, SECOND)
    shallow = Clone(tmp_path / "shallow", tmp_path)
    options = ("--quiet", "--depth=1", "--no-single-branch")
    clone.git("clone", *options, clone.path.as_uri(), str(shallow.path))
    done = shallow.check("--against", "origin/main")
    assert done.returncode == 3
    assert "run `git fetch --unshallow origin`" in done.stderr
    shallow.git("fetch", "--quiet", "--unshallow", "origin")
    assert shallow.rules("--against", "origin/main") == ["branching-merge"]


def event(clone: Clone, content: dict[str, Any]) -> dict[str, str]:
    path = clone.home / "event.json"
    path.write_text(json.dumps(content))
    return {"GITHUB_EVENT_PATH": str(path)}


def test_the_base_of_the_event_is_the_branch_as_it_stands_now(clone: Clone) -> None:
    """The commit in the event is that of the last push to the pull request."""
    clone.commit(FOURTH, SECOND)
    stale = clone.git("rev-parse", "main~1")
    clone.git("update-ref", "refs/remotes/origin/main", "main")
    base = {"ref": "main", "sha": stale}
    told = event(clone, {"pull_request": {"base": base}})
    assert clone.rules("--against", "auto", **told) == ["branching-merge"]


def test_the_base_of_a_merge_group_and_of_a_push(clone: Clone) -> None:
    clone.commit(FOURTH, SECOND)
    main = clone.git("rev-parse", "main")
    for content in ({"merge_group": {"base_sha": main}}, {"before": main, "after": "x"}):
        assert clone.rules("--against", "auto", **event(clone, content)) == ["branching-merge"]


def test_without_an_event_the_base_is_that_of_the_branch(clone: Clone) -> None:
    clone.commit(FOURTH, SECOND)
    assert clone.rules("--against", "auto") == ["branching-merge"]  # main, as is usual
    clone.git("branch", "other", "ours")
    clone.git("branch", "--set-upstream-to", "other")
    assert clone.rules("--against", "auto") == []


def test_no_base_at_all(clone: Clone) -> None:
    clone.git("branch", "--move", "main", "trunk")
    done = clone.check("--against", "auto")
    assert done.returncode == 3
    assert "name the base with --against" in done.stderr


def test_a_parent_that_only_the_base_has(clone: Clone) -> None:
    """As after `revgate rebase`, before the merge that brings the parent."""
    clone.commit(FOURTH, THIRD)
    assert clone.rules() == ["missing-parent"]
    assert clone.rules("--against", "main") == []


# A folder of the revisions that is a link.


def linked(clone: Clone, *branches: str) -> None:
    """Move the revisions of some branches elsewhere, and link to them."""
    for branch in branches:
        clone.git("switch", "--quiet", branch)
        clone.git("mv", "migrations/versions", "elsewhere")
        (clone.path / "migrations").mkdir(exist_ok=True)
        (clone.path / "migrations" / "versions").symlink_to("../elsewhere")
        clone.git("add", "--all")
        clone.git("commit", "--quiet", "--message", "moved")


def test_behind_a_link_a_fork_is_reported(clone: Clone) -> None:
    linked(clone, "main", "ours")
    clone.commit(FOURTH, THIRD)
    assert clone.rules("--against", "main") == []
    clone.file(FOURTH).write_text(REVISION.format(key=FOURTH, parent=SECOND))
    clone.git("commit", "--quiet", "--all", "--message", "fork")
    assert clone.rules("--against", "main") == ["branching-merge"]


def test_behind_a_link_what_is_published_stays(clone: Clone) -> None:
    linked(clone, "main")
    clone.git("switch", "--quiet", "--create", "later")
    text = clone.file(SECOND).read_text().replace("create_table", "drop_table", 1)
    clone.file(SECOND).write_text(text)
    clone.git("commit", "--quiet", "--all", "--message", "edited")
    assert clone.rules("--against", "main") == ["edited-revision"]
    clone.git("rm", "--quiet", "--force", f"elsewhere/{clone.file(FIRST).name}")
    clone.git("commit", "--quiet", "--message", "removed")
    assert "removed-revision" in clone.rules("--against", "main")


def test_a_branch_that_makes_a_link_of_the_folder(clone: Clone) -> None:
    linked(clone, "ours")
    assert clone.rules() == []
    assert clone.rules("--against", "main") == []
    text = clone.file(SECOND).read_text().replace("create_table", "drop_table", 1)
    clone.file(SECOND).write_text(text)
    clone.git("commit", "--quiet", "--all", "--message", "edited")
    assert "edited-revision" in clone.rules("--against", "main")


WAYS = pytest.mark.parametrize("way", [(), ("--staged",), ("--against", "main")])


def _in_a_subfolder(clone: Clone, parent: str | None) -> Path:
    below = clone.file(FOURTH).parent / "2025" / f"{FOURTH}_x.py"
    below.parent.mkdir()
    below.write_text(REVISION.format(key=FOURTH, parent=parent))
    clone.git("add", "--all")
    clone.git("commit", "--quiet", "--message", "in a subfolder")
    return below


@WAYS
def test_an_unrelated_revision_in_a_subfolder_is_noted(clone: Clone, way: tuple[str, ...]) -> None:
    below = _in_a_subfolder(clone, None).relative_to(clone.path).as_posix()
    done = clone.check(*way)
    assert done.returncode == 0, done.stderr
    assert f"Alembic does not read {below}, in a subfolder" in done.stdout + done.stderr
    (note,) = json.loads(clone.check(*way, "--format", "json").stdout)["notes"]
    assert "recursive_version_locations = true" in note


@WAYS
def test_part_of_the_history_in_a_subfolder_is_exit_code_3(
    clone: Clone, way: tuple[str, ...]
) -> None:
    _in_a_subfolder(clone, SECOND)
    done = clone.check(*way)
    assert done.returncode == 3
    assert "it belongs to the history, so nothing could be checked" in done.stderr


def test_folders_that_the_settings_state_are_the_history(clone: Clone) -> None:
    _in_a_subfolder(clone, SECOND)
    stated = f'version-locations = ["{clone.file(FOURTH).parent.relative_to(clone.path)}"]\n'
    (clone.path / "revgate.toml").write_text(stated)
    done = clone.check()
    assert done.returncode == 0, done.stderr
    assert "Alembic does not read" in done.stdout


def test_a_subfolder_is_noticed_after_a_verdict_without_it(clone: Clone) -> None:
    assert [clone.check().returncode for _ in range(2)] == [0, 0]
    _in_a_subfolder(clone, SECOND)
    assert clone.check().returncode == 3
    assert clone.run(sys.executable, "-I", "-S", str(HOOK), "new", "x").returncode == 3


def test_published_revisions_in_a_subfolder_can_be_moved_out(clone: Clone) -> None:
    below = _in_a_subfolder(clone, SECOND)
    clone.git("switch", "--quiet", "--create", "flat")
    below.rename(clone.file(FOURTH))
    clone.git("add", "--all")
    assert clone.check("--against", "ours").returncode == 0
    clone.git("rm", "--quiet", clone.file(FIRST).as_posix())
    clone.git("commit", "--quiet", "--message", "remove")
    assert "removed-revision" in clone.rules("--against", "ours")


@WAYS
def test_the_settings_name_the_subfolder(clone: Clone, way: tuple[str, ...]) -> None:
    folders = '["migrations/versions", "migrations/versions/2025"]'
    (clone.path / "revgate.toml").write_text(f"version-locations = {folders}\n")
    _in_a_subfolder(clone, SECOND)
    done = clone.check(*way)
    if way[:1] == ("--against",):
        assert done.returncode == 1
        assert "error[branching-merge]" in done.stdout
        return
    assert done.returncode == 0, done.stderr + done.stdout
    assert "3 revisions" in done.stdout + done.stderr
    assert "subfolder" not in done.stdout + done.stderr
