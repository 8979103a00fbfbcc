"""Each command of the pages on heads and on adoption runs in the state that the page describes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.verdicts.conftest import R2, B, M, alembic_heads, new, settings
from tests.verdicts.test_advice import (
    TEMPLATE,
    commit,
    done,
    is_sound,
    merge,
    printed_next,
    published,
    shell,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.verdicts.conftest import Verdicts

PAGES = Path(__file__).parents[2] / "docs" / "pages"
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"^\$ ((?:revgate|alembic|git) [^\n]*?)(?:\s+# [^\n]*)?$", re.MULTILINE)
LIVE = "needs a server: tests/live has those runs"


def documented(page: str) -> list[str]:
    text = (PAGES / page).read_text()
    return [line for block in BLOCK.findall(text) for line in LINE.findall(block)]


# States.


def a_branch(repo: Verdicts) -> None:
    """Check out a branch that forks with `main`, and with a release branch like it."""
    repo.change(new(B, R2))
    repo.on_main(new(M, R2))
    repo.git("push", "--quiet", "origin", "main", "main:release")
    repo.git("fetch", "--quiet", "origin")
    repo.git("branch", "add-receipts", "b")
    repo.git("switch", "--quiet", "b")


def two_heads(repo: Verdicts) -> None:
    """Check out a `main` that two merged branches forked."""
    for branch, key in (("one", M), ("two", B)):
        repo.git("switch", "--quiet", "--create", branch, "main")
        write(repo, new(key, R2))
        commit(repo, branch)
    merge(repo, "one", "two")
    write(repo, {"migrations/script.py.mako": TEMPLATE.read_text()})


def in_a_line(repo: Verdicts) -> None:
    del repo


# Runs.


def succeeds(repo: Verdicts, command: str) -> None:
    done(repo, command)


def finds_the_fork(repo: Verdicts, command: str) -> None:
    ran = shell(repo, command)
    assert ran.returncode == 1, ran.stdout
    assert "multiple-heads" in ran.stdout


def moves(repo: Verdicts, command: str) -> None:
    before = published(repo)
    done(repo, printed_next(done(repo, command)))
    is_sound(repo, before)


def changes_nothing(repo: Verdicts, command: str) -> None:
    assert "down_revision" in done(repo, command)
    assert not repo.git("status", "--porcelain")


def joins(repo: Verdicts, command: str) -> None:
    before = published(repo)
    done(repo, command)
    assert len(alembic_heads(repo.author)) == 1
    if "--rev-id" not in command:
        write(repo, settings("linear = false", 'file-name = "any"'))
    else:
        write(repo, settings("linear = false"))
    is_sound(repo, before)


RUNS: dict[str, list[tuple[Callable[[Verdicts], None], Callable[[Verdicts, str], None]]] | str] = {
    "revgate rebase": [(a_branch, moves)],
    "revgate rebase --restamp": [(a_branch, moves)],
    "revgate rebase --onto origin/main": [(a_branch, moves)],
    "revgate rebase --onto origin/release --dry-run": [(a_branch, changes_nothing)],
    'alembic merge --rev-id "$(date -u +%Y%m%d%H%M%S)" -m "join the heads" heads': [
        (two_heads, joins)
    ],
    'alembic merge -m "join the two heads of 2025" heads': [(two_heads, joins)],
    "revgate check": [(two_heads, finds_the_fork), (in_a_line, succeeds)],
    "revgate check --select multiple-heads,multiple-bases,missing-parent,duplicate-revision,"
    "revision-cycle,unreadable-revision": [(two_heads, finds_the_fork), (in_a_line, succeeds)],
    "revgate check --select multiple-heads": [(two_heads, finds_the_fork), (in_a_line, succeeds)],
    "git switch add-receipts": [(a_branch, succeeds)],
    "revgate init": "asks in a terminal: tests/init answers it",
    "revgate roundtrip": LIVE,
    "revgate gate --against origin/main": LIVE,
}


def test_each_documented_command_is_in_the_table() -> None:
    written = {*documented("heads.md"), *documented("adopt.md")}
    assert written == {*RUNS}


@pytest.mark.parametrize(
    ("command", "state", "run"),
    [
        pytest.param(command, state, run, id=f"{command[:40]}-{state.__name__}")
        for command, runs in RUNS.items()
        if not isinstance(runs, str)
        for state, run in runs
    ],
)
def test_a_documented_command(
    repo: Verdicts,
    command: str,
    state: Callable[[Verdicts], None],
    run: Callable[[Verdicts, str], None],
) -> None:
    state(repo)
    before = published(repo)
    run(repo, command)
    there = {path: text for path, text in before.items() if (repo.author / path).exists()}
    assert {path: repo.text(path) for path in there} == there
