"""What a report says it is about: from git, and from a CI that runs in this repository."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from revgate.history.source import WorkTree
from revgate.history.tree import GitTree
from revgate.reports.about import About, find

if TYPE_CHECKING:
    from pathlib import Path


def git(root: Path, *words: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    command = ["git", "-C", str(root), *identity, *words]
    date = {"GIT_AUTHOR_DATE": "@1767348000 +0300", "GIT_COMMITTER_DATE": "@1767348000 +0300"}
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, **date}
    )
    return done.stdout.strip()


@pytest.fixture
def committed(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository with a commit on a branch."""
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "CI"))]:
        monkeypatch.delenv(name)
    git(repository, "init", "-q", "-b", "feature/x")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "first")
    return repository


def of(root: Path) -> About:
    return find(WorkTree(str(root), is_repository=True))._replace(checked="")


def test_git_says_it(committed: Path) -> None:
    commit = git(committed, "rev-parse", "HEAD")[:12]
    assert of(committed) == About("root", "feature/x", commit, "2026-01-02 10:00 UTC")
    found = find(WorkTree(str(committed), is_repository=True))
    assert found.words[-2:] == ("committed 2026-01-02 10:00 UTC", f"checked {found.checked}")


@pytest.mark.parametrize(
    "url",
    [
        "https://ada:secret@example.org/acme/shop.git",
        "https://example.org/group/acme/shop/",
        "git@example.org:acme/shop.git",
        "ssh://git@example.org:2222/acme/shop.git",
    ],
)
def test_a_remote_is_named_without_its_host_and_password(committed: Path, url: str) -> None:
    git(committed, "remote", "add", "origin", url)
    assert of(committed).repository == "acme/shop"


@pytest.mark.parametrize("url", ["/srv/git/shop.git", "../shop", "file", "https://example.org", ""])
def test_a_remote_without_an_owner_has_the_name_of_the_folder(committed: Path, url: str) -> None:
    git(committed, "remote", "add", "origin", "x")
    git(committed, "config", "remote.origin.url", url)
    assert of(committed).repository == "root"


def test_another_commit_is_on_no_branch(committed: Path) -> None:
    first = git(committed, "rev-parse", "HEAD")
    git(committed, "commit", "-q", "--allow-empty", "-m", "second")
    old = find(GitTree.at(str(committed), "HEAD~1"))
    assert (old.branch, old.commit) == ("", first[:12])
    assert find(GitTree.at(str(committed), "HEAD")).branch == "feature/x"
    git(committed, "checkout", "-q", "--detach")
    assert of(committed).branch == ""


def test_github_says_it_for_its_own_checkout(
    committed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    head = git(committed, "rev-parse", "HEAD")
    git(committed, "commit", "-q", "--allow-empty", "-m", "the merge that GitHub makes")
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"head": {"sha": head}}}))
    for name, value in {
        "GITHUB_WORKSPACE": str(committed),
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_HEAD_REF": "add-invoices",
        "GITHUB_REF_NAME": "7/merge",
        "GITHUB_EVENT_PATH": str(event),
    }.items():
        monkeypatch.setenv(name, value)
    assert of(committed)[:3] == ("acme/shop", "add-invoices", head[:12])
    event.write_text('{"pull_request": []}')
    monkeypatch.setenv("GITHUB_HEAD_REF", "")
    merge = git(committed, "rev-parse", "HEAD")
    assert of(committed)[:3] == ("acme/shop", "7/merge", merge[:12])
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "other"))
    assert of(committed)[:2] == ("root", "feature/x")


def test_gitlab_says_it(committed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "CI_PROJECT_DIR": str(committed),
        "CI_PROJECT_PATH": "acme/shop",
        "CI_COMMIT_REF_NAME": "refs/merge-requests/7/head",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "add-invoices",
        "CI_COMMIT_SHA": "0" * 40,
    }.items():
        monkeypatch.setenv(name, value)
    # A commit that git does not have is named all the same.
    assert of(committed) == About("acme/shop", "add-invoices", "0" * 12)


def test_without_git_the_folder_is_named(repository: Path) -> None:
    assert of(repository) == About("root")
