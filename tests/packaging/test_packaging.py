"""What is shipped: the version, the wheel, the files by which others reach the engine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

import revgate

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
CHECKS = ROOT / "checks"

# What a hook does not wait for. `dataclasses` brings inspect with it, `subprocess` a dozen others.
SLOW = {
    "alembic",
    "dataclasses",
    "inspect",
    "psycopg2",
    "rich",
    "sqlalchemy",
    "subprocess",
    "tomllib",
}


def project() -> dict[str, object]:
    found: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return found


def test_one_version() -> None:
    assert project()["version"] == revgate.__version__


def test_the_core_needs_nothing() -> None:
    assert project()["dependencies"] == []


def test_nothing_but_the_engine_lies_in_checks() -> None:
    """`hooks/revgate` puts the folder on sys.path: what lies there can be imported."""
    assert {path.name for path in CHECKS.iterdir()} - {"__pycache__"} == {"revgate"}


def loaded_by(statement: str) -> set[str]:
    """Return the modules that a bare interpreter has loaded after a statement."""
    code = f"import sys; sys.path.insert(0, {str(CHECKS)!r}); {statement}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_importing_the_command_line_is_cheap() -> None:
    loaded = loaded_by("import revgate.cli")
    assert "revgate.cli" in loaded
    assert not loaded & SLOW


def test_importing_the_command_line_loads_the_standard_library_only() -> None:
    names = {name.partition(".")[0] for name in loaded_by("import revgate.cli")}
    assert names - sys.stdlib_module_names <= {"revgate", "__main__"}


def test_a_static_check_loads_nothing_of_the_live_half() -> None:
    loaded = loaded_by("from revgate.cli import main; main(['check', '--no-cache'])")
    assert "revgate.rules.breaks_running_code" in loaded
    live = {name for name in loaded if name.startswith(("revgate.roundtrip", "revgate.postgres."))}
    assert live == {"revgate.postgres.names"}  # a few functions on text


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    # hatchling is here already: nothing is downloaded or written next to the sources.
    build = "import sys, hatchling.build; print(hatchling.build.build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", build, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(folder / done.stdout.split()[-1])


def test_the_wheel_holds_the_engine_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    about = f"revgate-{revgate.__version__}.dist-info"
    assert {name.split("/")[0] for name in names} == {"revgate", about}
    shipped = {name for name in names if name.startswith("revgate/")}
    sources = {
        path.relative_to(CHECKS).as_posix()
        for path in (CHECKS / "revgate").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert shipped == sources


def test_the_wheel_says_how_it_is_run(wheel: zipfile.ZipFile) -> None:
    about = f"revgate-{revgate.__version__}.dist-info"
    assert b"revgate = revgate.cli:run" in wheel.read(f"{about}/entry_points.txt")
    assert "revgate/py.typed" in wheel.namelist()


# The hooks and the action.


def hooks(name: str) -> list[dict[str, object]]:
    read = yaml.safe_load((ROOT / name).read_text())
    if isinstance(read, list):
        return read
    return [hook for repository in read["repos"] for hook in repository["hooks"]]


@pytest.mark.parametrize("hook", hooks(".pre-commit-hooks.yaml"), ids=lambda hook: hook["id"])
def test_a_hook_is_a_file_that_can_be_run(hook: dict[str, object]) -> None:
    program = str(hook["entry"]).split()[0]
    if hook["language"] == "python":  # installed, with what it needs
        assert program in project()["scripts"]  # type: ignore[operator]  # a table
    else:
        assert (ROOT / program).is_file()
        assert os.access(ROOT / program, os.X_OK)
    # A revision that is deleted, and a merge, name no file that a pattern could match.
    assert hook["always_run"]
    assert not hook["pass_filenames"]


def test_we_run_the_hook_that_we_offer() -> None:
    offered = {hook["id"]: hook for hook in hooks(".pre-commit-hooks.yaml")}
    own = {hook["id"]: hook for hook in hooks(".pre-commit-config.yaml")}
    described = {"name", "description", "minimum_pre_commit_version"}
    for name, hook in offered.items():
        if hook["language"] == "python":  # as a job of CI: `make gate`
            continue
        assert {key: hook[key] for key in hook if key not in described} == {
            key: own[name][key] for key in own[name] if key not in described
        }


def test_what_is_in_hooks_can_be_run() -> None:
    for path in (ROOT / "hooks").iterdir():
        if path.name != "__pycache__":
            assert os.access(path, os.X_OK), path


@pytest.mark.parametrize(
    "command",
    [
        ("check-jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml"),
        (
            "check-jsonschema",
            *("--builtin-schema", "vendor.github-workflows"),
            ".github/workflows/gate.yml",
        ),
        ("zizmor", "--offline", "--no-progress", "--quiet", "action.yml", ".github"),
        ("pre-commit", "validate-manifest", ".pre-commit-hooks.yaml"),
        ("pre-commit", "validate-config", ".pre-commit-config.yaml"),
    ],
    ids=lambda command: f"{command[0]}-{command[-1]}",
)
def test_it_is_valid(command: tuple[str, ...], tmp_path: Path) -> None:
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=ROOT,
        env={**os.environ, "HOME": str(tmp_path), "PRE_COMMIT_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_no_script_of_the_action_is_put_together_from_inputs() -> None:
    """An input that became part of a script could run anything."""
    files = [ROOT / "action.yml", *(ROOT / ".github" / "workflows").glob("*.yml")]
    for file in files:
        for script in scripts(yaml.safe_load(file.read_text())):
            assert "${{" not in script, (file, script)


def scripts(node: object) -> list[str]:
    """Return every `run:` of a document."""
    if isinstance(node, list):
        return [script for each in node for script in scripts(each)]
    if isinstance(node, dict):
        own = [node["run"]] if isinstance(node.get("run"), str) else []
        return own + scripts(list(node.values()))
    return []


def test_other_peoples_actions_are_pinned() -> None:
    for file in (ROOT / ".github" / "workflows").glob("*.yml"):
        for line in file.read_text().splitlines():
            _, found, used = line.partition("uses: ")
            if found and not used.startswith(("./", "revgate/revgate@")):
                digest = used.partition("@")[2].split()[0]
                assert len(digest) == 40, line
                assert " # v" in used, line


def test_every_output_of_the_action_comes_from_a_step_of_its_own() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    steps = {step.get("id") for step in action["runs"]["steps"]}
    for name, output in action["outputs"].items():
        found = re.fullmatch(r"\$\{\{ steps\.(\w+)\.outputs\.([\w-]+) \}\}", output["value"])
        assert found, name
        assert found[1] in steps
        assert found[2] == name


def test_make_installs_without_uv_what_uv_began(tmp_path: Path) -> None:
    """An environment of uv contains no pip; each stage of the installation adds it."""
    uv = Path(sys.executable).parent / "uv"
    folder = tmp_path / "environment"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    (folder / ".gate").touch()
    command = ["make", "--directory", str(ROOT), f"VENV={folder}", "UV=", "--dry-run"]
    done = subprocess.run(
        [*command, str(folder / ".installed")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    add_pip, install = [line for line in done.stdout.splitlines() if "pip" in line]
    assert "-m pip install" in install
    subprocess.run(["sh", "-c", add_pip], check=True)
    said = subprocess.run([folder / "bin" / "python", "-m", "pip", "--version"], check=False)
    assert said.returncode == 0
