"""Results as every report gets them: made by hand where odd ones are wanted, by a run elsewhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from revgate.cli import main
from revgate.environments import Environment
from revgate.findings import ERROR, Finding, Severity
from revgate.history.history import History
from revgate.history.revision import Revision
from revgate.postgres.server import ServerFacts
from revgate.reports.detail import Detail, Operations
from revgate.result import Judged, Result
from revgate.roundtrip.observed import Lock, Pass, RoundTrip, Statement, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

VERSIONS = "migrations/versions"


class Made(NamedTuple):
    """A result, and the revisions that it is about."""

    result: Result
    details: list[Detail]


class Maker:
    """Makes results of a chain `r0`, `r1`, ... with what is wrong with some of it."""

    environment = Environment("migrations", "alembic.ini", "migrations", (VERSIONS,))

    def revision(
        self, at: int, *, key: str = "", name: str = "", parent: str | None = ""
    ) -> Revision:
        before = (f"r{at - 1}",) if at else ()
        parents = before if parent == "" else ((parent,) if parent else ())
        return Revision(f"{VERSIONS}/{name or f'r{at}_step.py'}", key or f"r{at}", parents)

    def finding(
        self,
        at: int = 0,
        *,
        rule: str = "empty-downgrade",
        severity: Severity = ERROR,
        message: str = "`downgrade()` of `r0` does nothing",
        **fields: Any,
    ) -> Finding:
        values: dict[str, Any] = {
            "help": "drop what `upgrade()` makes",
            "path": f"{VERSIONS}/r{at}_step.py",
            "line": 12,
            "column": 5,
            "revision": f"r{at}",
            "environment": "migrations",
        }
        return Finding(message, rule=rule, severity=severity, **{**values, **fields})

    def __call__(
        self,
        findings: Sequence[Finding] = (),
        revisions: int | Sequence[Revision] = 3,
        **fields: Any,
    ) -> Made:
        """Make a result of revisions, or of so many plain ones behind each other."""
        if isinstance(revisions, int):
            revisions = [self.revision(at) for at in range(revisions)]
        environment = fields.pop("environment", self.environment)
        history = History(environment, revisions)
        number = len(revisions)
        judged = Judged(environment, number, number, history.graph.heads, history.graph.bases)
        operations = {
            each.path: (
                Operations("code", 9, ("create table t", "create index ix_t on t (a)")),
                Operations("code", 14, ("drop table t",), complete=False),
            )
            for each in revisions
        }
        result = Result("check", (judged,), tuple(findings), **fields)
        return Made(result, [Detail(history, operations)])


def lock_of(table: str, mode: str, line: int = 1, **fields: Any) -> Statement:
    """A statement that took one lock."""
    return Statement(line, 1.0, "ALTER TABLE users", (Lock(table, mode, 1.0, False),), **fields)


def trip(*steps: Step, environment: Environment | None = None) -> tuple[RoundTrip, ...]:
    """The round trips of a result: one, of some steps."""
    passes = tuple(Pass(name, 0.4, 63, True) for name in ("upgrade", "downgrade"))
    server = ServerFacts("local", "15.18")
    return (RoundTrip(environment or Maker.environment, server, steps, passes),)


@pytest.fixture(scope="session")
def make() -> Maker:
    return Maker()


@pytest.fixture(scope="session")
def trip_of() -> Callable[..., tuple[RoundTrip, ...]]:
    """Return a function: the round trips of a result, with the fields of each step."""

    def trip_of(**revisions: dict[str, Any]) -> tuple[RoundTrip, ...]:
        times = {"upgrade_ms": 12.1, "downgrade_ms": 8.0}
        return trip(
            *(
                Step(Revision(f"{VERSIONS}/{key}_step.py", key), **{**times, **fields})
                for key, fields in revisions.items()
            )
        )

    return trip_of


def script(key: str, parent: str | None, downgrade: str = 'op.drop_table("t")') -> str:
    return (
        "from alembic import op\n\n"
        f"revision = {key!r}\ndown_revision = {parent!r}\n\n\n"
        'def upgrade():\n    op.create_table("t")\n\n\n'
        f"def downgrade():\n    {downgrade}\n"
    )


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fork, an empty downgrade, and a time that is still to come; the current folder."""
    root = tmp_path / "root"
    (root / VERSIONS).mkdir(parents=True)
    (root / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    (root / "migrations" / "env.py").write_text("raise SystemExit('executed')\n")
    first, second, third = "20250101000000", "20250102000000", "29990103000000"
    for key, parent, downgrade in (
        (first, None, 'op.drop_table("t")'),
        (second, first, "pass"),
        (third, first, 'op.drop_table("t")'),
    ):
        (root / VERSIONS / f"{key}_step.py").write_text(script(key, parent, downgrade))
    monkeypatch.chdir(root)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in [name for name in os.environ if name.startswith(("GIT_", "REVGATE_"))]:
        monkeypatch.delenv(name)
    return root


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Call the command line in this process: exit code, and what it printed."""

    def run(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = main(arguments)
        captured = capsys.readouterr()
        assert captured.err == ""
        return code, captured.out

    return run
