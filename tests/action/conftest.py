"""The action as GitHub would run it: act runs a workflow on a small project.

act runs the steps on this machine. It starts no services, and knows no permissions.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.pulls.conftest import TOKEN, Issues, handler

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
FIRST, SECOND, THIRD, FOURTH = (f"2025010{day}000000" for day in (1, 2, 3, 4))
EVENTS = ("pull_request", "merge_group", "push")

WORKFLOW = """
on: [pull_request, pull_request_target, merge_group, push]
jobs:
  gate:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v6
      - id: revgate
        uses: revgate/revgate@v1
        continue-on-error: true
        with:
{inputs}
      - env:
          OUTCOME: ${{{{ steps.revgate.outcome }}}}
          OUTPUTS: ${{{{ toJSON(steps.revgate.outputs) }}}}
          REPORT: ${{{{ steps.revgate.outputs.report-file }}}}
          SARIF: ${{{{ steps.revgate.outputs.sarif-file }}}}
        run: |
          printf '%s' "$OUTCOME" >"$KEEP/outcome"
          printf '%s' "$OUTPUTS" >"$KEEP/outputs.json"
          [[ -z $REPORT ]] || cp "$REPORT" "$KEEP/report.json"
          [[ -z $SARIF ]] || cp "$SARIF" "$KEEP/report.sarif"
          cp -R service "$KEEP/service"
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
class Log:
    """What act says of a run, an entry for each line of a log, each command, each result."""

    returncode: int
    entries: Sequence[dict[str, Any]]

    @property
    def text(self) -> str:
        return "".join(
            entry["msg"] if entry.get("raw_output") else f"{entry['msg']}\n"
            for entry in self.entries
        )

    @property
    def jobs(self) -> dict[str, str]:
        """Return the result of each job by its name; those that were left out are not in it."""
        return {
            entry["job"].partition("/")[2]: entry["jobResult"]
            for entry in self.entries
            if "jobResult" in entry
        }

    @property
    def annotations(self) -> list[tuple[str, str, str]]:
        """Return the level, title and file of each annotation."""
        return [
            (entry["command"], entry["kvPairs"].get("title", ""), entry["kvPairs"].get("file", ""))
            for entry in self.entries
            if entry.get("command") in ("error", "warning", "notice")
        ]

    @property
    def summary(self) -> str:
        return "".join(
            entry["content"] for entry in self.entries if entry.get("command") == "summary"
        )


@dataclass(frozen=True)
class Ran:
    """What a run of the action came to."""

    outcome: str
    outputs: dict[str, str]
    report: dict[str, Any] | None
    act: Log

    @property
    def log(self) -> str:
        return self.act.text

    def rules(self) -> set[str]:
        assert self.report is not None
        return {finding["rule"] for finding in self.report["findings"]}

    def stepped(self) -> list[str]:
        """Return the revisions that were looked at one by one."""
        assert self.report is not None
        revisions = self.report["roundtrip"]["revisions"]
        return [each["revision"] for each in revisions if each["downgrade_ms"] is not None]


@pytest.fixture(scope="session")
def action(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy what the action consists of, as it is in this work tree."""
    path = tmp_path_factory.mktemp("published")
    for name in ("hooks", "checks"):
        shutil.copytree(ROOT / name, path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("action.yml", "pyproject.toml"):
        shutil.copy(ROOT / name, path)
    return path


@dataclass
class Project:
    """A repository with an Alembic project, and workflows that act runs on it."""

    path: Path
    keep: Path
    action: Path
    path_variable: str = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    variables: dict[str, str] = field(default_factory=dict)
    """More of them, for the steps."""

    @property
    def versions(self) -> Path:
        return self.path / "service" / "migrations" / "versions"

    def add(self, key: str, down: str | None, *, drops: bool = True) -> None:
        (self.versions / f"{key}_add.py").write_text(revision(key, down, drops=drops))

    def git(self, *words: str) -> str:
        config = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        done = subprocess.run(
            ["git", *who, *words],
            cwd=self.path,
            env={**os.environ, **config},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", message)

    def event(self, name: str) -> dict[str, object]:
        """Return what GitHub says of an event whose base is the first commit."""
        base = self.git("rev-list", "--max-parents=0", "HEAD")
        match name:
            case "pull_request" | "pull_request_target":
                return {"pull_request": {"number": 7, "base": {"ref": "main", "sha": base}}}
            case "merge_group":
                return {"merge_group": {"base_sha": base, "head_ref": "refs/heads/queue"}}
            case _:
                return {"ref": "refs/heads/main", "before": base}

    def run(
        self,
        secrets: dict[str, str] | None = None,
        event: str = "pull_request",
        **inputs: str,
    ) -> Ran:
        """Run the action; an input's `_` stands for `-`."""
        given = {"working-directory": "service"}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        lines = "\n".join(f"          {name}: {json.dumps(value)}" for name, value in given.items())
        for old in self.keep.glob("*"):
            shutil.rmtree(old, ignore_errors=True) if old.is_dir() else old.unlink()
        log = self.act(WORKFLOW.format(inputs=lines), event, secrets=secrets)
        assert log.returncode == 0, log.text
        report = self.keep / "report.json"
        return Ran(
            (self.keep / "outcome").read_text(),
            json.loads((self.keep / "outputs.json").read_text()),
            json.loads(report.read_text()) if report.exists() else None,
            log,
        )

    def act(
        self,
        workflow: str,
        event: str,
        *words: str,
        secrets: dict[str, str] | None = None,
    ) -> Log:
        """Run a workflow on what lies in the work tree."""
        workflows = self.path / ".github" / "workflows"
        workflows.mkdir(exist_ok=True, parents=True)
        (workflows / "gate.yml").write_text(workflow)
        payload = self.keep / "event.json"
        payload.write_text(json.dumps(self.event(event)))
        secrets = {"GITHUB_TOKEN": TOKEN, **(secrets or {})}
        # Where packages come from, and where they are kept, is the machine's affair: its pip looks
        # into HOME and these variables. All else is scrubbed.
        steps = {
            name: value
            for name, value in os.environ.items()
            if name.startswith(("PIP_", "UV_", "SSL_CERT_"))
        }
        steps |= {"KEEP": str(self.keep), "HOME": str(Path.home()), **self.variables}
        done = subprocess.run(
            [
                *(str(BIN / "act"), event, "-W", ".github/workflows/gate.yml"),
                *("-P", "ubuntu-latest=-self-hosted", "-e", str(payload)),
                *("--no-cache-server", "--rm", "--json", *words),
                f"--local-repository=revgate/revgate@v1={self.action}",
                *(word for name in secrets for word in ("-s", name)),
                *(word for name in steps for word in ("--env", f"{name}={steps[name]}")),
            ],
            cwd=self.path,
            env={
                "PATH": self.path_variable,
                "HOME": str(self.keep),
                "LANG": "C.UTF-8",
                "NO_COLOR": "1",
                "GIT_PAGER": "cat",
                **secrets,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert TOKEN not in done.stdout + done.stderr
        return Log(done.returncode, [json.loads(line) for line in done.stdout.splitlines()])


@pytest.fixture
def project(tmp_path: Path, action: Path) -> Project:
    """Make a project with two revisions, one behind the other."""
    made = Project(tmp_path / "project", tmp_path / "keep", action)
    made.keep.mkdir()
    made.versions.mkdir(parents=True)
    (made.path / "service" / "alembic.ini").write_text(
        "[alembic]\nscript_location = %(here)s/migrations\n"
    )
    (made.versions.parent / "env.py").write_text(ENV_PY)
    made.add(FIRST, None)
    made.add(SECOND, FIRST)
    made.git("init", "-q", "-b", "main")
    made.commit("one")
    return made


@pytest.fixture
def issues(project: Project) -> Iterator[Issues]:
    """Run a GitHub of our own, with the comments on pull request 7."""
    state = Issues()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(state))
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}/api/v3"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    project.variables |= {
        "GITHUB_API_URL": state.url,
        "GITHUB_GRAPHQL_URL": f"{state.url}/graphql",
        "GITHUB_REPOSITORY": "o/n",
    }
    yield state
    server.shutdown()
    server.server_close()
    thread.join(10)
