"""The workflows to copy, as GitHub would run them: by act, on a repository with pull requests."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.pulls.conftest import Site

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / "docs" / "workflows"
BIN = Path(sys.executable).parent
TOKEN = "ghs_thisMustNeverBeShown"
FIRST, SECOND, THIRD, FOURTH = (f"2025010{day}000000" for day in (1, 2, 3, 4))
PUBLISHED = ("hooks", "checks", "action.yml", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy what a release consists of, as it is in this work tree."""
    path = tmp_path_factory.mktemp("published")
    for name in PUBLISHED:
        if (ROOT / name).is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, path / name, ignore=ignore)
        else:
            shutil.copy(ROOT / name, path)
    return path


@pytest.fixture(scope="module")
def wheels(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build what `pip install revgate` would find."""
    path = tmp_path_factory.mktemp("wheels")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(path), str(published)], check=True)
    return path


def act(
    site: Site, name: str, trigger: str, event: dict[str, Any], *words: str, **variables: str
) -> tuple[int, str]:
    """Run a workflow on what is checked out in the author's clone."""
    (site.path / "event.json").write_text(json.dumps(event))
    kept = {
        key: value for key, value in os.environ.items() if key.startswith(("PIP_", "SSL_CERT_"))
    }
    given = {**kept, "HOME": str(Path.home()), **variables}
    done = subprocess.run(
        [
            *(str(BIN / "act"), trigger, "-W", str(WORKFLOWS / name)),
            *("-P", "ubuntu-latest=-self-hosted", "-e", str(site.path / "event.json")),
            *("--no-cache-server", "--rm", "--json", "-s", f"GITHUB_TOKEN={TOKEN}"),
            *(word for key, value in given.items() for word in ("--env", f"{key}={value}")),
            *words,
        ],
        cwd=site.author,
        env={
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(site.path),
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
            "GIT_PAGER": "cat",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    entries = map(json.loads, done.stdout.splitlines())
    return done.returncode, "\n".join(entry["msg"] for entry in entries) + done.stderr


@pytest.mark.parametrize("trigger", ["pull_request", "merge_group"])
def test_a_pull_request_and_a_merge_queue(site: Site, published: Path, trigger: str) -> None:
    """Judged against the base as it stands now, which is not what the branch was made from."""
    action = ("--local-repository", f"revgate/revgate@v0.1.0={published}")

    def run() -> tuple[int, str]:
        base = site.git("rev-parse", "origin/main")
        event: dict[str, Any] = {"merge_group": {"base_sha": base, "head_ref": "refs/heads/queue"}}
        if trigger == "pull_request":
            event = {"pull_request": {"number": 1, "base": {"ref": "main", "sha": "0" * 40}}}
        return act(site, "gate.yml", trigger, event, *action)

    site.git("switch", "--quiet", "--create", "topic")
    site.write(site.new(THIRD, SECOND))
    code, log = run()
    assert code == 0, log
    site.merge(site.new(FOURTH, SECOND))
    site.git("switch", "--quiet", "topic")
    code, log = run()
    assert code == 1, log
    assert "branching-merge" in log


def test_a_push_to_the_base(site: Site, wheels: Path) -> None:
    """With revgate installed as a user would install it."""
    stale = site.open(1, site.new(THIRD, SECOND))
    site.open(2, {"notes.txt": "mine\n"})
    commit = site.merge(site.new(FOURTH, SECOND))
    event = {"ref": "refs/heads/main", "after": commit}
    links = f"{os.environ.get('PIP_FIND_LINKS', '')} {wheels}".strip()
    code, log = act(
        site,
        "pulls.yml",
        "push",
        event,
        PIP_FIND_LINKS=links,
        PIP_DISABLE_PIP_VERSION_CHECK="1",
        GITHUB_API_URL=site.github.url,
        GITHUB_REPOSITORY="o/n",
        GIT_CONFIG_GLOBAL=os.devnull,
    )
    assert code == 0, log
    assert "#1 failure branching-merge" in log
    assert site.github.latest(stale)["state"] == "failure"
    assert "/o/n/actions/runs/" in site.github.latest(stale)["target_url"]
    assert TOKEN not in log
