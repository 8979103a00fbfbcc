"""The action as GitHub would run it: act runs a workflow of its own on a small project."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
FIRST, SECOND, THIRD = "20250101000000", "20250102000000", "20250103000000"

WORKFLOW = """
on: pull_request
jobs:
  gate:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v6
      - id: revgate
        uses: ./.github/revgate
        continue-on-error: true
        with:
{inputs}
      - env:
          OUTCOME: ${{{{ steps.revgate.outcome }}}}
          OUTPUTS: ${{{{ toJSON(steps.revgate.outputs) }}}}
          REPORT: ${{{{ steps.revgate.outputs.report-file }}}}
        run: |
          printf '%s' "$OUTCOME" >"$KEEP/outcome"
          printf '%s' "$OUTPUTS" >"$KEEP/outputs.json"
          [[ -z $REPORT ]] || cp "$REPORT" "$KEEP/report.json"
"""


def revision(key: str, down: str | None, *, drops: bool = True) -> str:
    """Write a revision file; `drops=False` leaves a type behind that no static rule sees."""
    kind = "" if drops else f"""    op.execute("CREATE TYPE kind_{key} AS ENUM ('a')")\n"""
    return f'''"""Add table t{key}.

Revision ID: {key}
Revises: {down or ""}
Create Date: {key[:4]}-{key[4:6]}-{key[6:8]} 00:00:00

"""

import sqlalchemy as sa
from alembic import op

revision = {key!r}
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
{kind}    op.create_table("t{key}", sa.Column("id", sa.Integer, primary_key=True))


def downgrade() -> None:
    op.drop_table("t{key}")
'''


ENV_PY = """
from alembic import context
from sqlalchemy import create_engine

with create_engine("postgresql+psycopg2://nobody@nowhere.invalid/none").connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


@dataclass(frozen=True)
class Ran:
    """What a run of the action came to."""

    outcome: str
    outputs: dict[str, str]
    report: dict[str, Any] | None
    log: str

    def rules(self) -> set[str]:
        assert self.report is not None
        return {finding["rule"] for finding in self.report["findings"]}


@pytest.fixture(scope="session")
def action(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy what the action consists of, as it is in this work tree."""
    path = tmp_path_factory.mktemp("published")
    for name in ("hooks", "checks"):
        shutil.copytree(ROOT / name, path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("action.yml", "pyproject.toml"):
        shutil.copy(ROOT / name, path)
    return path


@dataclass(frozen=True)
class Project:
    """A repository with an Alembic project, and a workflow that runs the action on it."""

    path: Path
    keep: Path

    def add(self, key: str, down: str | None, *, drops: bool = True) -> None:
        versions = self.path / "service" / "migrations" / "versions"
        (versions / f"{key}_add.py").write_text(revision(key, down, drops=drops))

    def git(self, *words: str) -> None:
        config = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        environment = {**os.environ, **config}
        subprocess.run(["git", *who, *words], cwd=self.path, env=environment, check=True)

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", message)

    def run(
        self,
        secrets: dict[str, str] | None = None,
        event: dict[str, object] | None = None,
        **inputs: str,
    ) -> Ran:
        """Run the action; an input's `_` stands for `-`."""
        given = {"working-directory": "service"}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        lines = "\n".join(f"          {name}: {json.dumps(value)}" for name, value in given.items())
        workflows = self.path / ".github" / "workflows"
        workflows.mkdir(exist_ok=True)
        (workflows / "gate.yml").write_text(WORKFLOW.format(inputs=lines))
        done = self._act(secrets or {}, event or {"pull_request": {"number": 1}})
        log = "".join(
            entry["msg"] if entry.get("raw_output") else f"{entry['msg']}\n"
            for entry in map(json.loads, done.stdout.splitlines())
        )
        assert done.returncode == 0, log + done.stderr
        report = self.keep / "report.json"
        return Ran(
            (self.keep / "outcome").read_text(),
            json.loads((self.keep / "outputs.json").read_text()),
            json.loads(report.read_text()) if report.exists() else None,
            log,
        )

    def _act(
        self, secrets: dict[str, str], content: dict[str, object]
    ) -> subprocess.CompletedProcess[str]:
        event = self.keep / "event.json"
        event.write_text(json.dumps(content))
        # Where packages come from, and where they are kept, is the machine's affair: its pip looks
        # into HOME and these variables. All else is scrubbed.
        kept = {
            name: value
            for name, value in os.environ.items()
            if name.startswith(("PIP_", "UV_", "SSL_CERT_"))
        }
        steps = {"KEEP": str(self.keep), "HOME": str(Path.home()), **kept}
        return subprocess.run(
            [
                str(BIN / "act"),
                *("pull_request", "-W", ".github/workflows/gate.yml"),
                *("-P", "ubuntu-latest=-self-hosted", "-e", str(event)),
                *("--no-cache-server", "--rm", "--json"),
                *("-s", "GITHUB_TOKEN=unused-token"),
                *(word for name in secrets for word in ("-s", name)),
                *(word for name in steps for word in ("--env", f"{name}={steps[name]}")),
            ],
            cwd=self.path,
            env={
                "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
                "HOME": str(self.keep),
                "LANG": "C.UTF-8",
                "NO_COLOR": "1",
                "GIT_PAGER": "cat",
                **secrets,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def project(tmp_path: Path, action: Path) -> Project:
    """Make a project with two revisions, one behind the other."""
    made = Project(tmp_path / "project", tmp_path / "keep")
    made.keep.mkdir()
    shutil.copytree(action, made.path / ".github" / "revgate")
    service = made.path / "service"
    (service / "migrations" / "versions").mkdir(parents=True)
    (service / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (service / "migrations" / "env.py").write_text(ENV_PY)
    made.add(FIRST, None)
    made.add(SECOND, FIRST)
    made.git("init", "-q", "-b", "main")
    made.commit("one")
    return made


# The static half.


def test_check_of_a_good_project(project: Project) -> None:
    ran = project.run(command="check")
    assert ran.outcome == "success"
    outputs = dict(ran.outputs)
    assert outputs.pop("report-file").endswith("report.json")
    assert outputs == {
        "exit-code": "0",
        "findings": "0",
        "errors": "0",
        "warnings": "0",
        "heads": json.dumps([SECOND]),
        "tables": "",
    }
    assert ran.report is not None
    assert ran.report["command"] == "check"
    assert "Install what" not in ran.log


def test_check_of_a_fork(project: Project) -> None:
    project.add(THIRD, FIRST)
    ran = project.run(command="check")
    assert ran.outcome == "failure"
    assert ran.outputs["exit-code"] == "1"
    assert ran.outputs["errors"] == "1"
    assert json.loads(ran.outputs["heads"]) == [SECOND, THIRD]
    assert ran.rules() == {"multiple-heads"}
    assert "multiple-heads" in ran.log
    assert "service/migrations/versions/" in ran.log


def test_check_against_the_base_of_the_event(project: Project) -> None:
    """Both branches are straight, and merging them would fork the chain."""
    project.git("switch", "-qc", "ours")
    project.add("20250104000000", SECOND)
    project.commit("ours")
    project.git("switch", "-q", "main")
    project.add(THIRD, SECOND)
    project.commit("theirs")
    project.git("update-ref", "refs/remotes/origin/main", "main")
    project.git("switch", "-q", "ours")
    assert project.run(command="check").outcome == "success"
    event: dict[str, object] = {"pull_request": {"base": {"ref": "main", "sha": "0" * 40}}}
    ran = project.run(command="check", against="auto", event=event)
    assert ran.outputs["exit-code"] == "1"
    assert ran.rules() == {"branching-merge"}


def test_check_where_there_is_nothing_to_check(project: Project) -> None:
    shutil.rmtree(project.path / "service" / "migrations" / "versions")
    ran = project.run(command="check")
    assert ran.outcome == "failure"
    assert ran.outputs["exit-code"] == "3"
    # Not "0": nothing was counted.
    assert not ran.outputs.get("findings")
    assert not ran.outputs.get("report-file")
    assert ran.report is None


def test_check_of_one_environment(project: Project) -> None:
    """The other one, which is broken, is not asked for."""
    other = project.path / "service" / "other"
    (other / "versions").mkdir(parents=True)
    (project.path / "service" / "other.ini").write_text(
        "[alembic]\nscript_location = %(here)s/other\n"
    )
    (other / "versions" / f"{SECOND}_add.py").write_text(revision(SECOND, FIRST))
    assert project.run(command="check", config="alembic.ini").outcome == "success"
    assert project.run(command="check", config="other.ini").rules() == {"missing-parent"}


def test_an_unknown_setting_is_a_mistake_of_usage(project: Project) -> None:
    (project.path / "service" / "bad.toml").write_text("[tool.revgate]\nexpect-table = 3\n")
    assert project.run(command="check", config="bad.toml").outputs["exit-code"] == "2"


def test_an_unknown_command_runs_nothing(project: Project) -> None:
    ran = project.run(command="upgrade; touch $KEEP/ran")
    assert ran.outcome == "failure"
    assert ran.outputs["exit-code"] == "2"
    assert not (project.keep / "ran").exists()


def test_an_input_is_never_part_of_a_script(project: Project) -> None:
    ran = project.run(command="check", config='"; touch "$KEEP/ran"; $(touch $KEEP/ran) #')
    assert ran.outputs["exit-code"] == "2"
    assert not (project.keep / "ran").exists()


def test_an_id_cannot_set_an_output(project: Project) -> None:
    evil = f"{THIRD}\nexit-code=0\nerrors=0"
    versions = project.path / "service" / "migrations" / "versions"
    (versions / f"{THIRD}_add.py").write_text(
        revision(THIRD, FIRST).replace(f"revision = {THIRD!r}", f"revision = {evil!r}", 1)
    )
    ran = project.run(command="check")
    assert ran.outputs["exit-code"] == "1"
    assert ran.outputs["errors"] != "0"


# Both halves.


def test_gate_of_a_good_project(project: Project, empty_database: str) -> None:
    """With a secret URL, and with an env.py whose own URL leads nowhere."""
    ran = project.run(
        {"DATABASE_URL": empty_database},
        database_url="${{ secrets.DATABASE_URL }}",
        expect_tables="2",
    )
    assert ran.outcome == "success", ran.log
    assert ran.outputs["exit-code"] == "0"
    assert ran.outputs["tables"] == "2"
    assert ran.report is not None
    assert ran.report["command"] == "gate"
    assert ran.report["roundtrip"]["server"]["kind"] == "url"
    assert empty_database not in ran.log


def test_gate_of_a_downgrade_that_leaves_something(project: Project, empty_database: str) -> None:
    project.add(THIRD, SECOND, drops=False)
    ran = project.run(database_url=empty_database)
    assert ran.outcome == "failure"
    assert ran.outputs["exit-code"] == "1", ran.log
    assert "downgrade-residue" in ran.rules()


def test_gate_whose_server_cannot_be_reached(project: Project) -> None:
    """Nothing passes for clean because the static half was."""
    ran = project.run(database_url="postgresql://nobody@127.0.0.1:9/none")
    assert ran.outcome == "failure"
    assert ran.outputs["exit-code"] == "3", ran.log
    assert not ran.outputs.get("errors")
