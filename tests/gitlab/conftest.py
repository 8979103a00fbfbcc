"""A job of GitLab CI as its runner does it: a detached checkout, the variables, and a shell."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.hooks.conftest import ROOT, Repository, env, published

import revgate

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["env", "published"]

TEMPLATE = ROOT / "docs" / "gitlab" / "revgate.gitlab-ci.yml"
NUMBER = "41"


def template() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(TEMPLATE.read_text())
    return read


def job(name: str) -> dict[str, Any]:
    """Return a job with what it extends, as GitLab joins them: tables deeply, the rest whole."""
    own = template()[name]
    base = template()[own["extends"]]
    return {**base, **own, "variables": {**base["variables"], **own.get("variables", {})}}


@dataclass(frozen=True)
class Done:
    code: int
    said: str
    report: list[dict[str, Any]] | None
    """Of code quality; None where there is none."""
    folder: Path

    @property
    def rules(self) -> list[str]:
        return [each["check_name"] for each in self.report or []]


class GitLab:
    """A project on a server, as a bare repository, and what its pipelines do."""

    def __init__(self, folder: Path, published: Repository) -> None:
        self.folder = folder
        self.published = published
        self.project = folder / "project.git"
        self.work = Repository(folder / "work", published.env)
        self.work.path.mkdir()
        self.work.start()
        published.git("init", "--quiet", "--bare", "--initial-branch=main", str(self.project))
        self.push(self.project, "main")

    def push(self, to: Path, *branches: str) -> None:
        self.work.git("push", "--quiet", "--force", str(to), *branches)

    def fork(self) -> Path:
        path = self.folder / "fork" / "project.git"
        self.work.git("clone", "--quiet", "--bare", str(self.project), str(path))
        return path

    def checkout(self, origin: Path, commit: str, *, depth: int = 0) -> Repository:
        """Fetch as the runner does: with depth 0 every branch, else the commit alone."""
        path = self.folder / f"builds-{len(list(self.folder.iterdir()))}"
        path.mkdir()
        build = Repository(path, self.published.env)
        build.git("init", "--quiet", "--initial-branch=none")
        build.git("remote", "add", "origin", origin.as_uri())
        specs = ["+refs/heads/*:refs/remotes/origin/*"] if not depth else [f"--depth={depth}"]
        build.git("fetch", "--quiet", "origin", *specs, f"+{commit}:refs/pipelines/1")
        build.git("checkout", "--quiet", "--detach", commit)
        return build

    def merge_request(self, source: str, *, origin: Path | None = None) -> dict[str, str]:
        """Return the variables of a pipeline for merging a branch into main."""
        parted = self.work.git("merge-base", "main", source)
        return {
            "CI_PIPELINE_SOURCE": "merge_request_event",
            "CI_MERGE_REQUEST_IID": NUMBER,
            "CI_MERGE_REQUEST_PROJECT_ID": "1",
            "CI_PROJECT_ID": "2" if origin else "1",
            "CI_MERGE_REQUEST_PROJECT_URL": self.project.as_uri().removesuffix(".git"),
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
            "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": "",
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": parted,
            "CI_COMMIT_BEFORE_SHA": "0" * 40,
        }

    def run(
        self, name: str, build: Repository, variables: dict[str, str], shell: str = "bash"
    ) -> Done:
        """Run a job's lines in one shell, which ends at the first that fails."""
        wanted = job(name)
        words = ["bash", "-e", "-o", "pipefail"] if shell == "bash" else [shell, "-e"]
        done = subprocess.run(
            [*words, "-c", "\n".join([*wanted.get("before_script", ()), *wanted["script"]])],
            cwd=build.path,
            env={
                **build.env,
                **{key: str(value) for key, value in wanted["variables"].items()},
                "CI": "true",
                "GITLAB_CI": "true",
                "CI_DEFAULT_BRANCH": "main",
                "REVGATE_REPOSITORY": self.published.path.as_uri(),
                **variables,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        report = build.path / wanted["artifacts"]["reports"]["codequality"]
        found = json.loads(report.read_text()) if report.exists() else None
        return Done(done.returncode, done.stdout, found, build.path)


@pytest.fixture
def gitlab(tmp_path: Path, published: Repository) -> GitLab:
    """Return a project whose main has two revisions; the tag of revgate's version is there."""
    published.git("tag", "--force", f"v{revgate.__version__}")
    for name in [each for each in os.environ if each.startswith("CI_")]:
        os.environ.pop(name)
    return GitLab(tmp_path, published)
