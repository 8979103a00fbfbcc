"""The files themselves: the linters of `make lint`, and laws that no linter knows."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.action.conftest import BIN, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ACTION = ROOT / "action.yml"
COPIED = sorted((ROOT / "docs" / "workflows").glob("*.yml"))
WORKFLOWS = [*sorted((ROOT / ".github" / "workflows").glob("*.yml")), *COPIED]


def examples() -> list[str]:
    """Return what the README says to write, as whole workflows."""
    section = (ROOT / "README.md").read_text().split("## As a GitHub Action")[1].split("\n## ")[0]
    blocks = re.findall(r"^```yaml\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    return [text if text.startswith("on:") else f"on: push\n{text}" for text in blocks]


def lint(program: str, *words: str, given: str | None = None) -> None:
    done = subprocess.run(
        [str(BIN / program), *words], input=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def steps(path: Path) -> Iterator[dict[str, Any]]:
    content = yaml.safe_load(path.read_text())
    yield from content.get("runs", {}).get("steps", ())
    for job in content.get("jobs", {}).values():
        yield from job.get("steps", ())


def test_zizmor() -> None:
    lint("zizmor", "--offline", "--no-progress", "--quiet", *map(str, [ACTION, *WORKFLOWS]))


def test_actionlint() -> None:
    lint("actionlint", "-shellcheck", str(BIN / "shellcheck"), *map(str, WORKFLOWS))


def test_the_schemas() -> None:
    lint("check-jsonschema", "--builtin-schema", "vendor.github-actions", str(ACTION))
    lint("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *map(str, WORKFLOWS))


@pytest.mark.parametrize("step", list(steps(ACTION)), ids=lambda step: step["name"])
def test_a_script_of_the_action_is_clean_shell(step: dict[str, Any]) -> None:
    """actionlint reads no actions."""
    lint("shellcheck", "--shell=bash", "-", given=f"set -e -o pipefail\n{step['run']}")


@pytest.mark.parametrize("text", examples(), ids=["action", "workflow"])
def test_the_examples_of_the_readme(text: str) -> None:
    lint("actionlint", "-", given=text)


@pytest.mark.parametrize(
    "path", [ACTION, *WORKFLOWS], ids=lambda path: path.parent.name + path.name
)
def test_no_script_has_a_template_and_every_action_its_commit(path: Path) -> None:
    for step in steps(path):
        assert "${{" not in step.get("run", "")
        used = step.get("uses", "./")
        assert re.fullmatch(r"\./|revgate/revgate@v\S+|[\w-]+/[\w-]+@[0-9a-f]{40}", used), used


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.parent.parent.name + path.name)
def test_nothing_is_permitted_that_no_job_asks_for(path: Path) -> None:
    assert "\npermissions: {}\n" in path.read_text()
    for job in yaml.safe_load(path.read_text())["jobs"].values():
        assert "permissions" in job


@pytest.mark.parametrize("path", COPIED, ids=lambda path: path.name)
def test_what_a_required_check_must_not_have(path: Path) -> None:
    text = path.read_text()
    assert "paths:" not in text
    assert "paths-ignore:" not in text
    assert "pull_request_target" not in text


def test_the_action_needs_nothing_to_start() -> None:
    """What `action.yml` runs by its path imports nothing else of ours."""
    code = "import runpy, sys; runpy.run_path(sys.argv[1]); print('revgate' in sys.modules)"
    path = ROOT / "checks" / "revgate" / "action.py"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"
