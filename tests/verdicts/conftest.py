"""One repository, and every way in which revgate is asked about a change of it.

`main` has three revisions in a line; a test changes `main`, opens one change against it, and asks
`check --against`, `pulls` and a server's `pre-receive` for their verdicts. Alembic, on the tree
that git really merged, says which heads there are.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from tests.pulls.conftest import Site, github, site
from tests.revisions import revision

from revgate.cli import main

__all__ = ["github", "site"]

R0, R1, R2, M, B, C = (f"2025010{day}000000" for day in range(1, 7))
HOOKS = Path(__file__).parents[2] / "hooks"
Files = dict[str, str | None]


def at(key: str, folder: str = "migrations/versions") -> str:
    """Return the path of a revision's file."""
    return f"{folder}/{key}_add.py"


def new(key: str, down: str | None, folder: str = "migrations/versions", **words: Any) -> Files:
    """Return a revision as a file to write."""
    return {at(key, folder): revision(key, down, **words)}


def ini(location: str = "migrations", *lines: str) -> Files:
    """Return an alembic.ini as a file to write."""
    return {"alembic.ini": "\n".join(["[alembic]", f"script_location = {location}", *lines, ""])}


def settings(*lines: str) -> Files:
    """Return settings as a file to write."""
    return {"pyproject.toml": "\n".join(["[tool.revgate]", *lines, ""])}


class Said(NamedTuple):
    """What one run said."""

    code: int
    report: dict[str, Any]
    text: str

    def rules(self, severity: str = "error") -> set[str]:
        return {each["rule"] for each in self.report["findings"] if each["severity"] == severity}


class Verdicts:
    """The repository, and the ways in which it is asked."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.head = ""

    # What developers do.

    @property
    def author(self) -> Path:
        return self.site.author

    def git(self, *words: str) -> str:
        return self.site.git(*words)

    def on_main(self, files: Files) -> None:
        """Commit to `main`, and push."""
        self.site.merge(files)

    def change(self, *commits: Files, start: str = "main", move: tuple[str, str] = ("", "")) -> str:
        """Commit a change on a branch that starts somewhere, and open a pull request of it."""
        self.git("switch", "--quiet", "--force-create", "b", start)
        if move[0]:
            (self.author / move[1]).parent.mkdir(parents=True, exist_ok=True)
            self.git("mv", *move)
        for files in commits:
            self.site.write(files)
        if move[0] and not commits:
            self.git("commit", "--quiet", "--message", "move")
        self.head = self.git("rev-parse", "HEAD")
        self.git("push", "--quiet", "--force", "origin", "HEAD:refs/pull/1/head")
        self._open()
        return self.head

    def _open(self) -> None:
        state = self.site.github
        state.commits.add(self.head)
        state.pulls[:] = [
            {
                "number": 1,
                "url": f"{state.url}/repos/o/n/pulls/1",
                "state": "open",
                "draft": False,
                "title": "a change",
                "labels": [],
                "head": {"ref": "b", "sha": self.head, "repo": None},
                "base": {"ref": "main", "sha": "0" * 40},
            }
        ]

    def text(self, path: str) -> str:
        return (self.author / path).read_text()

    # Who is asked.

    def run(self, *words: str) -> tuple[int, str, str]:
        """Run a command in the author's clone."""
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, self.site.env, clear=True),
            contextlib.chdir(self.author),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = main(list(words))
        assert "Traceback" not in err.getvalue()
        assert "error of revgate itself" not in err.getvalue(), err.getvalue()
        return code, out.getvalue(), err.getvalue()

    def check(self, *words: str) -> Said:
        """Run `check`; what it says as JSON and as text is about the same run."""
        report = self.site.path / "report.json"
        report.unlink(missing_ok=True)
        code, text, error = self.run("check", "--no-cache", f"--report=json={report}", *words)
        if code > 1:
            return Said(code, {"findings": [], "summary": {}, "environments": []}, error)
        found = json.loads(report.read_text())
        several = [each for each in found["environments"] if len(each["heads"]) > 1]
        if several:
            assert "no errors" not in text, text
        return Said(code, found, text)

    def against(self, *words: str) -> Said:
        """Judge the change against `main`."""
        return self.check("--against", "main", "--at", self.head, *words)

    def push(self) -> tuple[bool, str]:
        """Merge the change into `main`, and push that to a server that runs `pre-receive`."""
        server = self.site.path / "guarded.git"
        if not server.exists():
            self.git("init", "--quiet", "--bare", "--initial-branch=main", str(server))
            hook = server / "hooks" / "pre-receive"
            command = f"{sys.executable} {HOOKS / 'revgate'} hook pre-receive"
            hook.write_text(f"#!/bin/sh\nexec {command}\n")
            hook.chmod(0o755)
        self.git("-C", str(server), "fetch", "--quiet", str(self.author), "+main:main")
        tree = self.git("merge-tree", "--write-tree", "main", self.head)
        merge = ("commit-tree", tree, "-p", "main", "-p", self.head, "-m", "merge")
        done = subprocess.run(
            ["git", "push", str(server), f"{self.git(*merge)}:refs/heads/main"],
            cwd=self.author,
            env=self.site.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done.returncode == 0, done.stderr

    def pull(self, *words: str) -> dict[str, Any]:
        """Ask `pulls` about the pull request."""
        return self.site.pulls("--no-cache", *words)[1]

    def verdict(self, *, pushed: bool = True) -> set[str]:
        """Ask all of them, see that they agree, and return the rules that found errors."""
        said = self.against()
        assert said.code in (0, 1), said.text
        errors = said.rules()
        assert bool(errors) is (said.code == 1)
        pull = self.pull()
        assert pull["state"] == ("failure" if errors else "success"), pull
        found = {each["rule"] for each in pull["findings"] if each["severity"] == "error"}
        assert found == errors
        if pushed:
            accepted, told = self.push()
            assert accepted is (not errors), told
        return errors

    # The oracle.

    def merged(self, other: str = "main") -> Path:
        """Let git merge the change with `main` in a work tree of its own; conflicts stay."""
        folder = self.site.path / "merged"
        if folder.exists():
            self.git("worktree", "remove", "--force", str(folder))
        self.git("worktree", "add", "--quiet", "--detach", str(folder), other)
        words = ["merge", "--quiet", "--no-edit", "--no-verify", self.head]
        subprocess.run(
            ["git", *words], cwd=folder, env=self.site.env, capture_output=True, check=False
        )
        return folder


def alembic_heads(root: Path, config: str = "alembic.ini") -> list[str]:
    """Return the heads by Alembic itself."""
    with contextlib.chdir(root):
        return sorted(ScriptDirectory.from_config(Config(config)).get_heads())


@pytest.fixture
def repo(site: Site) -> Verdicts:
    """Make a repository whose `main` has three revisions in a line."""
    made = Verdicts(site)
    made.on_main(new(R2, R1))
    return made
