"""The agent in users' Pythons, with every driver; and what it does with env.py files."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import revgate.roundtrip
from revgate.errors import CannotJudgeError
from revgate.roundtrip.agent.target import DRIVERS, KEPT_ARGUMENTS
from revgate.roundtrip.interpreter import find_python

Interpreter = Callable[[str], str]
ProjectMaker = Callable[..., Any]
ROWS = False


HISTORY = (
    """
    def upgrade():
        op.create_table("users", sa.Column("id", sa.Integer, primary_key=True))


    def downgrade():
        op.drop_table("users")
    """,
    """
    def upgrade():
        op.execute("CREATE TYPE mood AS ENUM ('ok')")
        with op.get_context().autocommit_block():
            op.execute("ALTER TYPE mood ADD VALUE 'bad'")
        op.add_column("users", sa.Column("mood", sa.Enum("ok", "bad", name="mood")))


    def downgrade():
        op.drop_column("users", "mood")
        op.execute("DROP TYPE mood")
    """,
    """
    def upgrade():
        op.add_column("users", sa.Column("a", sa.Integer, server_default="1"))


    def downgrade():
        op.execute("ALTER TABLE users DROP COLUMN no_such_column")
    """,
)
COMBINATIONS = [
    (environment, driver)
    for environment in ("oldest", "sqlalchemy2.0", "sqlalchemy2.1")
    for driver in ("psycopg2", "psycopg", "asyncpg", "pg8000")
    if (environment, driver) != ("oldest", "psycopg")  # SQLAlchemy 1.4 does not know psycopg 3
]


def test_the_agent_is_python_3_9() -> None:
    modules = list(Path(revgate.roundtrip.__file__).parent.glob("agent/*.py"))
    assert modules
    for module in modules:
        tree = ast.parse(module.read_text(encoding="utf-8"), feature_version=(3, 9))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("revgate")
                assert node.level < 2, "only what lies in its own folder is there"
    assert "host" not in KEPT_ARGUMENTS
    assert len(DRIVERS) == 4


@pytest.mark.parametrize(("environment", "driver"), COMBINATIONS)
def test_every_driver_on_every_sqlalchemy(
    project: ProjectMaker,
    interpreter: Interpreter,
    sync_env: str,
    async_env: str,
    environment: str,
    driver: str,
) -> None:
    env = async_env if driver == "asyncpg" else sync_env
    made = project(*HISTORY, env=env, url=f"postgresql+{driver}://u:p@192.0.2.1/production")
    observed = made.run(python=interpreter(environment), timeout=60.0)

    assert [(each.name, each.tables, each.complete) for each in observed.passes] == [
        ("upgrade", 1, True),
        ("downgrade", 0, False),
        ("upgrade again", 1, True),
        ("production", 1, True),
    ]
    assert observed.after_downgrade == ()
    assert observed.after_again == ()
    (failure,) = observed.failures
    assert (failure.step.revision.id, failure.line, failure.sqlstate) == ("r3", 10, "42703")
    assert failure.message == 'column "no_such_column" of relation "users" does not exist'
    assert failure.statement == "ALTER TABLE users DROP COLUMN no_such_column"


ENVS = {
    "one outer transaction": ("connect()", "with context.begin_transaction():"),
    "engine.begin()": ("begin()", "if True:"),
    "both": ("begin()", "with context.begin_transaction():"),
    "transaction per migration": ("connect()", "with context.begin_transaction():"),
    "autocommit": (
        "execution_options(isolation_level='AUTOCOMMIT').connect()",
        "with context.begin_transaction():",
    ),
}


@pytest.mark.parametrize("way", ENVS)
def test_every_step_is_committed_whatever_env_py_opens(
    project: ProjectMaker, sync_env: str, way: str
) -> None:
    connect, begin = ENVS[way]
    env = sync_env.replace("connectable.connect()", f"connectable.{connect}")
    env = env.replace("with context.begin_transaction():", begin)
    if way == "transaction per migration":
        env = env.replace("connection=connection)", "connection=connection,"
                          " transaction_per_migration=True)")  # fmt: skip
    observed = project(HISTORY[0], HISTORY[2].replace("no_such_column", "a"), env=env).run()

    assert observed.failures == ()
    assert [each.tables for each in observed.passes] == [1, 0, 1, 1]
    assert observed.after_downgrade == ()


def test_another_version_table_is_not_counted(project: ProjectMaker, sync_env: str) -> None:
    env = sync_env.replace(
        "    context.configure(connection=connection)",
        "    connection.exec_driver_sql('CREATE SCHEMA IF NOT EXISTS meta')\n"
        "    context.configure(connection=connection, version_table='v',"
        " version_table_schema='meta')",
    )
    observed = project(HISTORY[0], env=env).run()

    assert [each.tables for each in observed.passes[:3]] == [1, 0, 1]


def test_prints_and_loggers_of_env_py_disturb_nothing(project: ProjectMaker, sync_env: str) -> None:
    env = (
        "import sys, os, logging.config\nprint('{not json}')\nos.write(1, b'raw\\n')\n"
        "logging.config.dictConfig({'version': 1, 'root': {'level': 'DEBUG'}})\n"
        "assert sys.stdin.read() == ''\n"
    )
    assert project(HISTORY[0], env=env + sync_env).run().failures == ()


def test_env_py_sees_what_the_alembic_command_gives_it(
    project: ProjectMaker, sync_env: str
) -> None:
    env = (
        "import os, sys\nfrom alembic import context as c\n"
        "assert c.get_x_argument(as_dictionary=True) == {'tenant': 'a'}\n"
        "assert c.config.cmd_opts.name == 'alembic'\n"
        "assert os.environ['SECRET_KEY'] == 'no secret'\n"
        "assert os.environ['DATABASE_URL'].startswith('postgresql')\n"
        "assert os.path.isfile('alembic.ini')\n"
        "import neighbour\n"
        "assert not any(path.endswith('roundtrip') for path in sys.path)\n"
    )
    made = project(HISTORY[0], env=env + sync_env, ini="prepend_sys_path = .")
    (made.root / "neighbour.py").write_text("")
    observed = made.run(x_arguments=("tenant=a",), env=(("SECRET_KEY", "no secret"),))

    assert observed.failures == ()


def test_set_local_of_env_py_lasts_for_every_step(project: ProjectMaker, sync_env: str) -> None:
    env = sync_env.replace(
        "    with context.begin_transaction():",
        "    with context.begin_transaction():\n"
        "        connection.exec_driver_sql('SET LOCAL search_path TO app, public')",
    ).replace(
        "    context.configure(",
        "    connection.exec_driver_sql('CREATE SCHEMA IF NOT EXISTS app')\n    context.configure(",
    )
    make = """
        def upgrade():
            op.execute("CREATE TABLE {0} (a int)")


        def downgrade():
            op.execute("DROP TABLE app.{0}")
        """
    assert project(make.format("one"), make.format("two"), env=env).run().failures == ()


CANNOT = {
    "raises": ("raise KeyError('SECRET_KEY')", "env.py:1 raised KeyError: 'SECRET_KEY'"),
    "never runs": ("x = 1", "without calling `context.run_migrations()`"),
    "exits": ("import sys; sys.exit(3)", "raised SystemExit: 3"),
    "dies": ("import os; os._exit(7)", "exit code 7"),
    "is killed": ("import os; os.kill(os.getpid(), 9)", "by signal 9"),
    "sqlite": (
        (
            "from alembic import context\nfrom sqlalchemy import create_engine\n"
            "with create_engine('sqlite://').connect() as c:\n"
            "    context.configure(connection=c)\n    context.run_migrations()"
        ),
        "a sqlite database was refused",
    ),
    "offline": (
        (
            "from alembic import context\n"
            "context.configure(dialect_name='postgresql', as_sql=True)\ncontext.run_migrations()"
        ),
        "offline",
    ),
}


@pytest.mark.parametrize("case", CANNOT)
def test_what_cannot_be_run_is_explained(project: ProjectMaker, case: str) -> None:
    env, said = CANNOT[case]

    with pytest.raises(CannotJudgeError) as caught:
        project(HISTORY[0], env=env).run()
    assert said in str(caught.value)
    assert "\n" in str(caught.value)


def test_a_python_without_alembic_is_explained(project: ProjectMaker, tmp_path: Path) -> None:
    folder = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    with pytest.raises(CannotJudgeError, match="-m pip install alembic"):
        project(HISTORY[0]).run(python=str(folder / "bin" / "python"))


def test_a_thread_that_python_starts_with_is_there_in_every_agent(
    project: ProjectMaker, sync_env: str, tmp_path: Path
) -> None:
    """A copy of a process has only one thread of it, so such an agent is started afresh."""
    early = tmp_path / "early"
    early.mkdir()
    (early / "sitecustomize.py").write_text(
        "import threading\n"
        "threading.Thread(target=threading.Event().wait, name='early', daemon=True).start()\n"
    )
    env = (
        "import threading\n"
        "assert 'early' in [each.name for each in threading.enumerate()]\n" + sync_env
    )
    observed = project(HISTORY[0], env=env).run(env={"PYTHONPATH": str(early)})
    assert observed.failures == ()


def test_a_missing_python_is_explained() -> None:
    with pytest.raises(CannotJudgeError, match="is not a program"):
        find_python("/no/such/python", ())


def test_a_step_that_takes_too_long_ends_the_run(project: ProjectMaker) -> None:
    slow = "def upgrade():\n    op.execute('SELECT pg_sleep(60)')\n\ndef downgrade():\n    pass\n"
    with pytest.raises(CannotJudgeError, match=r"`upgrade\(\)` of `r1` did not end within 5"):
        project(slow).run(timeout=5.0)


def test_a_missing_extension_is_not_blamed_on_the_revision(project: ProjectMaker) -> None:
    body = (
        "def upgrade():\n    op.execute('CREATE EXTENSION no_such')\n\ndef downgrade():\n    pass\n"
    )
    with pytest.raises(CannotJudgeError, match="creates the extension `no_such`"):
        project(body).run()
