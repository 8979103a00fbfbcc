"""What the page on continuous integration writes for pre-commit is set up, and guards a merge."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.hooks.conftest import ROOT, SECOND, THIRD, Repository, blocked

import revgate
from revgate.reports import HOME

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "pages" / "ci.md").read_text("utf-8")
INLINE = re.compile(r"`((?:pre-commit|revgate|git|pip) [^`]+)`")
INSTALL = "pre-commit install -t pre-commit -t pre-merge-commit -t pre-push"
RUNS = {
    "revgate init": "tests/init",
    INSTALL: "below",
    "pre-commit run --hook-stage manual revgate-roundtrip": "test_catalogue.py, on a server",
}


def test_each_documented_command_is_in_the_table() -> None:
    assert {" ".join(each.split()) for each in INLINE.findall(PAGE)} == {*RUNS}


def test_the_documented_hook_guards_a_merge(
    published: Repository, plain: Repository, tmp_path: Path
) -> None:
    published.git("tag", "--force", f"v{revgate.__version__}")
    instead = f'[url "{published.path.as_uri()}"]\n    insteadOf = {HOME}\n'
    (tmp_path / ".gitconfig").write_text(instead)
    env = {key: value for key, value in plain.env.items() if not key.startswith("GIT_CONFIG")}
    user = Repository(plain.path, {**env, "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"})
    (written,) = re.findall(r"```yaml\n(repos:\n.*?)```", PAGE, re.DOTALL)
    (user.path / ".pre-commit-config.yaml").write_text(written)
    user.git("add", "--all")
    user.git("commit", "--quiet", "--message", "set up")
    assert user.run(*INSTALL.split()).returncode == 0
    user.add(THIRD, SECOND)
    assert user.commit().returncode == 0
    user.git("switch", "--quiet", "--create", "other", "HEAD~1")
    user.add("20250104000000", SECOND)
    assert user.commit().returncode == 0
    assert blocked(user.run("git", "merge", "--no-edit", "main"), "multiple-heads")
