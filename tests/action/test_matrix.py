"""The workflow for other repositories: called as the one to copy calls it.

act starts no services, so that each server of the matrix is one and the same, by the secret; and
`actions/setup-python`, which would be fetched, leaves the Python as it is.
"""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from typing import TYPE_CHECKING

import pytest
import yaml
from tests.action.conftest import EVENTS, FIRST, ROOT, SECOND, THIRD, Log, Project

if TYPE_CHECKING:
    from pathlib import Path

CALLER = ROOT / "docs" / "workflows" / "matrix.yml"
CALLED = ROOT / ".github" / "workflows" / "migrations.yml"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory, action: Path) -> Path:
    """Copy what another repository calls: the action, and the workflow."""
    path = tmp_path_factory.mktemp("release") / "revgate"
    shutil.copytree(action, path)
    (path / ".github" / "workflows").mkdir(parents=True)
    shutil.copy(CALLED, path / ".github" / "workflows")
    return path


@pytest.fixture
def nothing(tmp_path: Path) -> Path:
    """Make an action that does nothing."""
    path = tmp_path / "nothing"
    path.mkdir()
    (path / "action.yml").write_text(
        "name: nothing\ndescription: Nothing.\nruns:\n  using: composite\n"
        "  steps: [{run: 'true', shell: bash}]\n"
    )
    return path


@pytest.fixture
def caller(project: Project, release: Path, nothing: Path, empty_database: str) -> Caller:
    (project.path / "service" / "requirements.txt").write_text("# nothing\n")
    return Caller(project, release, nothing, empty_database)


class Caller:
    """A repository that has the workflow to copy."""

    def __init__(self, project: Project, release: Path, nothing: Path, url: str) -> None:
        self.project, self.url = project, url
        setup = re.search(r"actions/setup-python@\w+", CALLED.read_text())
        assert setup
        places = {f"revgate/revgate@v{VERSION}": release, setup[0]: nothing}
        self.words = [f"--local-repository={name}={path}" for name, path in places.items()]

    def __call__(self, event: str, **inputs: str) -> Log:
        """Run the workflow to copy; an input's `_` stands for `-`."""
        self.project.commit("two")
        # The Python that runs the tests need not have pip.
        given = {
            "working-directory": "service",
            "rows": "false",
            "install": "test -f requirements.txt",
        }
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        text = CALLER.read_text().rstrip() + "\n"
        for name, value in given.items():
            text = re.sub(rf"^      {name}: .*\n", "", text, flags=re.MULTILINE)
            text += f"      {name}: {json.dumps(value)}\n"
        text += "    secrets:\n      database-url: ${{ secrets.DATABASE_URL }}\n"
        return self.project.act(text, event, *self.words, secrets={"DATABASE_URL": self.url})


def results(log: Log) -> dict[str, str]:
    """Return the result of each job; act numbers those of a matrix."""
    return {
        re.sub(r"-\d+$", "", name.removeprefix("migrations/").strip()): result
        for name, result in log.jobs.items()
    }


def test_every_server_has_a_job(caller: Caller) -> None:
    servers = ("postgres:15", "postgres:18")
    log = caller("pull_request", images=json.dumps(servers), shards="1", against="")
    assert log.returncode == 0, log.text
    jobs = [f"{server}, part 1/1" for server in servers]
    assert results(log) == dict.fromkeys(["chain", *jobs, "verdict"], "success")
    assert caller.url not in log.text


@pytest.mark.parametrize("event", EVENTS[1:])
def test_a_good_project(caller: Caller, event: str) -> None:
    log = caller(event, images='[""]', shards="1", expect_tables="2")
    assert log.returncode == 0, log.text
    assert results(log) == dict.fromkeys(["chain", "server, part 1/1", "verdict"], "success")


@pytest.mark.parametrize("event", EVENTS)
def test_a_fork_starts_no_matrix_and_is_not_a_success(caller: Caller, event: str) -> None:
    caller.project.add(THIRD, FIRST)
    log = caller(event)
    assert log.returncode == 1
    assert results(log) == {"chain": "failure", "verdict": "failure"}
    assert "multiple-heads" in log.text


def test_one_part_of_one_server_fails(caller: Caller) -> None:
    caller.project.add(THIRD, SECOND, drops=False)
    log = caller("push", images='["postgres:18"]', against="")
    assert log.returncode == 1
    assert results(log) == {
        "chain": "success",
        "postgres:18, part 1/2": "success",
        "postgres:18, part 2/2": "failure",
        "verdict": "failure",
    }
    assert "downgrade-residue" in log.text


@pytest.mark.parametrize("shards", ["0", "1.5"])
def test_an_invalid_number_of_parts(caller: Caller, shards: str) -> None:
    log = caller("push", shards=shards)
    assert log.returncode == 1
    assert results(log)["chain"] == "failure"
    assert "Run Main revgate/revgate@" not in log.text


# What it says.


def test_it_runs_the_action_of_its_own_release() -> None:
    for path in (CALLED, *CALLER.parent.glob("*.yml")):
        used = re.findall(r"revgate/revgate(?:/\S+)?@(\S+)", path.read_text())
        assert set(used) <= {f"v{VERSION}"}, path


def test_what_it_takes_is_what_the_action_takes() -> None:
    """By the same names, where it is the same; and it hands on what it takes."""
    called = yaml.safe_load(CALLED.read_text())
    inputs = called[True]["workflow_call"]["inputs"]  # `on` is a truth in YAML 1.1
    known = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    handed = {"python-version", "install", "images", "shards", "timeout-minutes"}
    for job in ("check", "roundtrip"):
        given = called["jobs"][job]["steps"][-1]["with"]
        assert given.keys() <= known.keys()
        for name, value in given.items():
            if "inputs." in value:
                assert value == f"${{{{ inputs.{name} }}}}"
                handed.add(name)
    assert handed == inputs.keys()
