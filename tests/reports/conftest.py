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
from revgate.reports.detail import Deeds, Detail
from revgate.result import Judged, Result

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
        deeds = {
            each.path: (
                Deeds("code", 9, ("create table t", "create index ix_t on t (a)")),
                Deeds("code", 14, ("drop table t",), complete=False),
            )
            for each in revisions
        }
        result = Result("check", (judged,), tuple(findings), **fields)
        return Made(result, [Detail(history, deeds)])


def seen(key: str, **fields: Any) -> dict[str, Any]:
    """What a round trip saw of one revision."""
    plain = {"upgrade_ms": 12.1, "downgrade_ms": 8.0, "locks": [], "rewrites": [], "rows": None}
    return {"revision": key, **plain, **fields}


def trip(*revisions: dict[str, Any]) -> dict[str, Any]:
    """The round trip of some revisions."""
    passes = [{"name": name, "seconds": 0.4, "tables": 63} for name in ("upgrade", "downgrade")]
    server = {"kind": "local", "version": "15.18"}
    return {"server": server, "passes": passes, "revisions": list(revisions)}


@pytest.fixture(scope="session")
def make() -> Maker:
    return Maker()


@pytest.fixture(scope="session")
def trip_of() -> Callable[..., dict[str, Any]]:
    """Return a function: what a round trip saw, by revision."""

    def trip_of(**revisions: dict[str, Any]) -> dict[str, Any]:
        return trip(*(seen(key, **fields) for key, fields in revisions.items()))

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
