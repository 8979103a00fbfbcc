"""A step that times out: what it was doing is reported, and nothing of it continues."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from revgate.cli.parser import parser
from revgate.errors import CannotJudgeError
from revgate.roundtrip import Options
from revgate.upgrade.run import Patience, upgrade

if TYPE_CHECKING:
    from revgate.postgres.server import Server

Interpreter = Callable[[str], str]
ProjectMaker = Callable[..., Any]

QUICK = "def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n"
SLEEPS = 'def upgrade():\n    op.execute("SELECT pg_sleep(60)")\n\n\ndef downgrade():\n    pass\n'
IDLES = """
import time


def upgrade():
    time.sleep(60)


def downgrade():
    pass
"""
ONLY_AT_ONCE = """
def upgrade():
    with op.get_bind().engine.connect() as other:
        if not other.dialect.has_table(other, "alembic_version"):  # nothing is committed yet
            op.execute("SELECT pg_sleep(60)")


def downgrade():
    pass
"""
SECOND_CONNECTION = """
def upgrade():
    op.execute("CREATE TABLE a (i int)")
    with op.get_bind().engine.connect() as other:
        other.exec_driver_sql("LOCK TABLE b")


def downgrade():
    op.execute("DROP TABLE a")
"""
FILLS = """
def upgrade():
    op.execute("CREATE TABLE b (i int)")


def downgrade():
    import time
    time.sleep(60)
"""


def _said(made: Any, **options: Any) -> str:
    with pytest.raises(CannotJudgeError) as caught:
        made.run(**{"timeout": 3.0, **options})
    return str(caught.value)


def test_there_is_a_limit_unless_it_is_switched_off() -> None:
    assert Options("/").timeout == 600
    told = parser(["gate"]).parse_args(["gate"])
    assert told.timeout == 600
    assert parser(["gate"]).parse_args(["gate", "--timeout", "0"]).timeout == 0


@pytest.mark.parametrize("seconds", ["-1", "nan", "inf", "soon"])
def test_an_invalid_limit_is_refused(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser(["gate"]).parse_args(["gate", f"--timeout={seconds}"])
    assert f"invalid number of seconds value: '{seconds}'" in capsys.readouterr().err


def test_a_slow_step_within_the_limit_passes(project: ProjectMaker) -> None:
    slow = SLEEPS.replace("60", "0.9")  # the production pass takes longer than one limit
    assert project(*[slow] * 3).run(timeout=2.0).failures == ()


def test_no_limit_waits(project: ProjectMaker) -> None:
    assert project(SLEEPS.replace("60", "0.5")).run(timeout=None).failures == ()


@pytest.mark.parametrize(
    ("environment", "driver"),
    [("oldest", "psycopg2"), ("sqlalchemy2.0", "psycopg"), ("sqlalchemy2.1", "pg8000")],
)
def test_the_statement_and_its_line_are_reported(
    project: ProjectMaker, interpreter: Interpreter, environment: str, driver: str
) -> None:
    url = f"postgresql+{driver}://u:p@192.0.2.1/x"
    said = _said(project(QUICK, SLEEPS, url=url), python=interpreter(environment))

    assert said.startswith("`upgrade()` of `r2` did not end within 3 seconds\n")
    assert "\nat migrations/versions/r2.py:6\n" in said
    assert "\nthe statement was `SELECT pg_sleep(60)`\n" in said
    assert "--timeout" in said
    assert "Current thread" not in said


def test_the_statement_of_an_asynchronous_driver_is_reported(
    project: ProjectMaker, interpreter: Interpreter, async_env: str
) -> None:
    made = project(SLEEPS, env=async_env, url="postgresql+asyncpg://u:p@192.0.2.1/x")
    said = _said(made, python=interpreter("sqlalchemy2.0"))
    assert "\nthe statement was `SELECT pg_sleep(60)`\n" in said


def test_python_code_that_hangs_is_reported_with_its_line(project: ProjectMaker) -> None:
    said = _said(project(IDLES))
    assert "\nat migrations/versions/r1.py:9\nno statement was running\n" in said


def test_a_lock_that_is_never_granted_is_reported_with_its_holder(project: ProjectMaker) -> None:
    body = SECOND_CONNECTION.replace("CREATE TABLE a (i int)", "LOCK TABLE b")
    said = _said(project(FILLS, body))
    assert "`LOCK TABLE b`, which waits for a lock, held by a session whose last statement" in said


def test_a_downgrade_that_hangs_is_reported(project: ProjectMaker) -> None:
    assert _said(project(FILLS)).startswith("`downgrade()` of `r1` did not end within 3 seconds\n")


def test_the_production_pass_has_the_limit_for_each_step(project: ProjectMaker) -> None:
    said = _said(project(QUICK, ONLY_AT_ONCE))
    assert said.startswith("`upgrade()` of `r2`, in the production pass, did not end within 3")
    assert "\nat migrations/versions/r2.py:8\n" in said
    assert "\nthe statement was `SELECT pg_sleep(60)`\n" in said


def test_a_real_upgrade_has_no_limit(project: ProjectMaker, server: Server) -> None:
    made = project(SLEEPS.replace("60", "1.5"))
    address = server.create_database()
    options = Options(str(made.root), timeout=0.7)
    patience = Patience(lock_timeout=5, attempts=1, pause=0)
    try:
        assert upgrade(address, made.environment, "r1", options, patience, print) is None
    finally:
        server.drop_database(address)


def test_env_py_itself_has_the_limit(project: ProjectMaker) -> None:
    said = _said(project(QUICK, env="import time\ntime.sleep(60)\n"))
    assert said.startswith("env.py did not end within 3 seconds\nat migrations/env.py:2\n")
