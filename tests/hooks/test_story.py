"""From a project without any hook to a fork that is refused: `revgate init`, then git."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.hooks.conftest import FIRST, SECOND, THIRD, Repository, blocked

import revgate
from revgate.reports import HOME

if TYPE_CHECKING:
    from pathlib import Path


def test_what_init_writes_guards_the_next_commit(
    published: Repository, plain: Repository, tmp_path: Path, runner: str
) -> None:
    published.git("tag", "--force", f"v{revgate.__version__}")
    home = tmp_path / "home"
    home.mkdir()
    # The address that stands in the file, answered by this very work tree.
    instead = f'[url "{published.path.as_uri()}"]\n    insteadOf = {HOME}\n'
    (home / ".gitconfig").write_text(instead)
    env = {key: value for key, value in plain.env.items() if not key.startswith("GIT_CONFIG")}
    user = Repository(plain.path, {**env, "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"})
    done = user.run(sys.executable, "-m", "revgate", "init", "--yes")
    assert done.returncode == 0, done.stdout
    user.git("add", "--all")
    user.git("commit", "--quiet", "--message", "set up")
    installed = user.run(runner, "install", "--install-hooks")
    assert installed.returncode == 0, installed.stdout
    user.add(THIRD, SECOND)
    done = user.commit()
    assert done.returncode == 0, done.stdout
    assert "revgate check" in done.stdout
    user.git("switch", "--quiet", "--create", "other", "HEAD~1")
    user.add("20250104000000", SECOND)
    assert user.commit().returncode == 0
    # The merge is clean for git, and no commit hook would run: that stage was installed too.
    assert blocked(user.run("git", "merge", "--no-edit", "main"), "multiple-heads")
    user.git("reset", "--quiet", "--hard")
    user.git("rm", "--quiet", str(user.file(FIRST)))
    assert blocked(user.commit(), "missing-parent")
