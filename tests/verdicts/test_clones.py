"""What is advised for a clone that lacks the target branch, or commits, leads to a verdict.

Each command runs once, in the state for which it is advised; then the same question is answered.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from tests.verdicts.conftest import R2, B, M, new, settings

from revgate.cli import main

if TYPE_CHECKING:
    from tests.verdicts.conftest import Verdicts

CLONES = {
    "shallow": ("--depth=1", "--no-single-branch"),
    "single": ("--single-branch",),
    "shallow-single": ("--depth=1",),
}
ASKED = (
    "check --against origin/main",
    "check --against auto",
    "rebase --onto origin/main --dry-run",
    "rebase --dry-run",
)
SURROUNDINGS: dict[str, dict[str, str]] = {
    "local": {},
    "github": {"GITHUB_ACTIONS": "true"},
    "gitlab": {"GITLAB_CI": "true"},
}
SETTINGS = {
    "local": "run `git fetch",
    "github": "set `fetch-depth: 0` for actions/checkout, or run `git fetch",
    "gitlab": 'set the variable `GIT_DEPTH: "0"` for this job, or run `git fetch',
}


class Cloned:
    """A clone of a branch `b` that forks with `main`."""

    def __init__(self, repo: Verdicts, *options: str, folder: str = "cloned") -> None:
        self._env = dict(repo.site.env)
        self.root = repo.site.path / folder
        self.root.mkdir()
        server = f"file://{repo.site.path}/server.git"
        self.git("clone", "--quiet", "--branch=b", *options, server, ".")

    def git(self, *words: str) -> None:
        subprocess.run(
            ["git", *words], cwd=self.root, env=self._env, check=True, capture_output=True
        )

    def ask(self, words: str, **variables: str) -> tuple[int, str]:
        said = io.StringIO()
        with (
            mock.patch.dict(os.environ, self._env | variables, clear=True),
            contextlib.chdir(self.root),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
        ):
            code = main(words.split())
        return code, said.getvalue()

    def follow(self, advice: str) -> None:
        """Run the command that a text advises."""
        (command,) = re.findall(r"`(git [^`]+)`", advice)
        done = subprocess.run(
            ["sh", "-c", command], cwd=self.root, env=self._env, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"


@pytest.fixture
def forked(repo: Verdicts) -> Verdicts:
    repo.change(new(B, R2))
    repo.git("push", "--quiet", "origin", "b")
    repo.on_main(new(M, R2))
    return repo


def has_a_verdict(words: str, code: int, said: str) -> None:
    if words.startswith("check"):
        assert code == 1, said
        assert "branching-merge" in said
    else:
        assert code == 0, said
        assert M in said


@pytest.mark.parametrize("options", CLONES.values(), ids=CLONES)
def test_one_advice_leads_to_a_verdict(forked: Verdicts, options: tuple[str, ...]) -> None:
    for number, words in enumerate(ASKED):
        clone = Cloned(forked, *options, folder=f"clone-{number}")
        code, advice = clone.ask(words)
        assert code == 3, advice
        clone.follow(advice)
        has_a_verdict(words, *clone.ask(words))


def test_the_advice_fits_where_it_is_given(forked: Verdicts) -> None:
    for name, variables in SURROUNDINGS.items():
        for number, words in enumerate(ASKED[:3]):
            clone = Cloned(forked, "--depth=1", folder=f"{name}-{number}")
            code, advice = clone.ask(words, **variables)
            assert code == 3
            assert advice.count(SETTINGS[name]) == 1
            assert ("set " in advice) is (name != "local")
            clone.follow(advice)
            has_a_verdict(words, *clone.ask(words, **variables))


def test_the_base_of_a_pull_request_of_a_shallow_checkout(forked: Verdicts) -> None:
    """As actions/checkout leaves it by default: one commit, detached, of a merge."""
    clone = Cloned(forked, "--depth=1")
    clone.git("checkout", "--quiet", "--detach")
    clone.git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    sha = forked.git("rev-parse", "main~1")
    event = forked.site.path / "event.json"
    event.write_text(json.dumps({"pull_request": {"base": {"ref": "main", "sha": sha}}}))
    variables = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(event)}
    code, advice = clone.ask("check --against auto", **variables)
    assert code == 3
    clone.follow(advice)
    has_a_verdict("check", *clone.ask("check --against auto", **variables))


@pytest.mark.parametrize("wanted", ["origin/release/1", "release/1"])
@pytest.mark.parametrize("options", [(), *CLONES.values()], ids=["complete", *CLONES])
def test_a_branch_that_is_not_here_yet(
    forked: Verdicts, wanted: str, options: tuple[str, ...]
) -> None:
    clone = Cloned(forked, *options)
    forked.git("push", "--quiet", "origin", "main:release/1")
    for words in (f"check --against {wanted}", f"rebase --dry-run --onto {wanted}"):
        code, advice = clone.ask(words)
        assert code == 3, advice
        if "`git" in advice:
            clone.follow(advice)
        else:
            assert words.endswith(" release/1")  # fetched for the first command
        named = re.findall(r"name it `([^`]+)`", advice)
        assert bool(named) is (wanted == "release/1")
        words = words.replace(wanted, named[0] if named else wanted)
        has_a_verdict(words, *clone.ask(words))
        if not named:
            return


def test_a_local_name_of_what_only_the_remote_has(forked: Verdicts) -> None:
    clone = Cloned(forked)
    code, advice = clone.ask("check --against main")
    assert (code, "`git" in advice) == (3, False)
    assert advice.rstrip().endswith("name it `origin/main`")
    has_a_verdict("check", *clone.ask("check --against origin/main"))


@pytest.mark.parametrize("is_released", [False, True])
def test_published_branches_that_are_not_here(repo: Verdicts, is_released: bool) -> None:
    """Without them, a released revision would get another parent."""
    repo.on_main(settings('published = ["main", "release/*"]'))
    repo.change(new(B, R2))
    repo.git("push", "--quiet", "origin", "b", "b:release/1" if is_released else "main:other/1")
    repo.on_main(new(M, R2))
    clone = Cloned(repo, "--single-branch")
    clone.git("fetch", "--quiet", "origin", "main:refs/remotes/origin/main")
    words = "rebase --onto origin/main"
    code, advice = clone.ask(words)
    assert code == 3, advice
    clone.follow(advice)
    code, said = clone.ask(words)
    assert code == (2 if is_released else 0), said
    assert (f"`{B}` is on `origin/release/1`" in said) is is_released


def test_a_commit_below_those_of_a_shallow_clone(forked: Verdicts) -> None:
    clone = Cloned(forked, "--depth=1")
    words = "check --at HEAD~1"
    code, advice = clone.ask(words)
    assert code == 2
    clone.follow(advice)
    assert clone.ask(words)[0] == 0


def test_nothing_is_advised_that_would_not_help(forked: Verdicts) -> None:
    clone = Cloned(forked)
    for words in ("check --at HEAD~99", "check --at nothing", "check --against HEAD~99"):
        assert "git fetch" not in clone.ask(words)[1]
    clone.git("remote", "remove", "origin")
    assert "this clone has no remote" in clone.ask("check --against origin/main")[1]
