"""What a round trip finds does not depend on how many of its parts work at the same time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from revgate.roundtrip import plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from revgate.roundtrip import RoundTrip

    ProjectMaker = Callable[..., Any]


def table(name: str, down: str = "") -> str:
    down = down or f"DROP TABLE {name}"
    return (
        f"def upgrade():\n    op.execute('CREATE TABLE {name} (id int PRIMARY KEY, n text)')\n\n\n"
        f"def downgrade():\n    op.execute('{down}')\n"
    )


def sql(up: str, down: str = "SELECT 1") -> str:
    return (
        f'def upgrade():\n    op.execute("{up}")\n\n\ndef downgrade():\n    op.execute("{down}")\n'
    )


CLEAN = [table(f"t{number}") for number in range(6)]
LATE = sql("ALTER TABLE t0 ADD COLUMN late int NOT NULL", "ALTER TABLE t0 DROP COLUMN late")
HIDDEN = sql("DO $$ BEGIN EXECUTE 'CREATE ' || 'ROLE hidden_by_jobs'; END $$",
             "DO $$ BEGIN EXECUTE 'DROP ' || 'ROLE hidden_by_jobs'; END $$")  # fmt: skip
BY_CHANCE = """
def upgrade():
    import uuid

    op.execute(f"CREATE TABLE x{uuid.uuid4().hex} (id int)")


def downgrade():
    pass
"""
HISTORIES = {
    "clean": CLEAN,
    "downgrades that fail and leave something": [
        table("a", "DROP VIEW a"), table("b", "SELECT 1"), table("c"),
        table("d", "DROP VIEW d"), table("e", "SELECT 1"), table("f"),
    ],
    "an upgrade that fails in the first part": [*CLEAN[:1], sql("SELECT 1 / 0"), *CLEAN[2:]],
    "an upgrade that fails in the second part": [*CLEAN[:4], sql("SELECT 1 / 0"), *CLEAN[5:]],
    "a role that no text shows": [*CLEAN[:2], HIDDEN, *CLEAN[3:]],
    "revisions that fail in one transaction": [
        sql("CREATE TYPE mood AS ENUM ('a')", "DROP TYPE mood"),
        sql("ALTER TYPE mood ADD VALUE 'b'"),
        sql("CREATE TABLE m (m mood DEFAULT 'b')", "DROP TABLE m"),
        *CLEAN[:3],
    ],
    "names by chance": [
        *CLEAN[:1],
        BY_CHANCE,
        *CLEAN[2:5],
    ],
}  # fmt: skip


def _jobs(name: str) -> tuple[int, ...]:
    return (1, 2, 4) if name == "clean" else (1, 4)


def _observed(observed: RoundTrip) -> str:
    """Return everything but the times, and names by chance."""
    text = repr(observed._replace(durations=()))
    return re.sub(r"\bx[0-9a-f]{32}|\b\d+\.\d+(?:e-\d+)?", "?", text)


@pytest.fixture
def divided(monkeypatch: pytest.MonkeyPatch) -> None:
    """Divide short histories as if they were long."""
    monkeypatch.setattr(plan, "_DIVIDED", (5,))


@pytest.mark.usefixtures("divided")
@pytest.mark.parametrize("name", HISTORIES)
def test_the_result_is_the_same(project: ProjectMaker, name: str) -> None:
    made = project(*HISTORIES[name])
    one, *others = (_observed(made.run(rows=False, jobs=jobs)) for jobs in _jobs(name))

    for each in others:
        assert each == one


@pytest.mark.usefixtures("divided")
def test_with_rows_it_is_the_same_as_in_one_part(
    project: ProjectMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = project(*CLEAN[:5], LATE)
    found = {_observed(made.run(rows=True, jobs=jobs)) for jobs in (1, 4)}
    monkeypatch.setattr(plan, "_DIVIDED", ())
    found.add(_observed(made.run(rows=True, jobs=2)))

    (only,) = found
    assert "upgrade with rows" in only


def test_a_history_is_divided_by_its_length_alone() -> None:
    assert plan.divide(0) == [(0, 0)]
    assert plan.divide(59) == [(0, 59)]
    assert plan.divide(200) == [(0, 100), (100, 200)]
    assert plan.divide(1000) == [(0, 333), (333, 666), (666, 1000)]


ALONE = """
def upgrade():
    import fcntl, time

    with open({path!r}, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(0.4)


def downgrade():
    pass
"""


def test_an_env_that_ends_other_sessions_runs_by_itself(
    project: ProjectMaker, sync_env: str, tmp_path: Path
) -> None:
    ends = (
        "    connection.exec_driver_sql('SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()')\n"
        "    connection.commit()\n"
    )
    env = sync_env.replace("as connection:\n", f"as connection:\n{ends}")
    made = project(table("t0"), ALONE.format(path=str(tmp_path / "lock")), env=env)
    assert made.run(rows=False).failures == ()
