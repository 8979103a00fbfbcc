"""Tables that are there before the first revision: env.py makes them, or the settings say so."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from tests.live.test_scaled import git

from revgate.cli import commands
from revgate.postgres.connect import connect

if TYPE_CHECKING:
    import pytest
    from tests.live.conftest import Repository

    from revgate.postgres.server import Server

CREATE = ("CREATE TABLE users (id int PRIMARY KEY, name text)", "DROP TABLE users")
ALTER = ("ALTER TABLE users ADD mail text", "ALTER TABLE users DROP mail")
SECOND = ("CREATE TABLE t (a int)", "DROP TABLE t")
SETTINGS = 'file-name = "any"\nignore = ["revision-id", "missing-lock-timeout"]\n'


def _env(sync_env: str, statement: str) -> str:
    run = f"    connection.exec_driver_sql({statement!r})\n    connection.commit()\n"
    return sync_env.replace("as connection:\n", f"as connection:\n{run}")


def test_an_env_that_creates_the_tables_itself(repository: Repository, sync_env: str) -> None:
    made = "CREATE TABLE IF NOT EXISTS users (id int, name text, mail text)"
    repository.write("migrations/env.py", _env(sync_env, made))
    repository.revision("a0", None, *CREATE)
    repository.revision("b1", "a0", *ALTER)
    said = repository.error()
    assert 'a0.py:8 cannot run: relation "users" already exists\n' in said
    assert "1 table existed before the first revision ran, `users`: migrations/env.py, or" in said
    assert "with a variable in [tool.revgate.env]" in said


INI = "[alembic]\nscript_location = migrations\nsqlalchemy.url = postgresql://u:p@192.0.2.1/x\n"


def test_what_an_env_may_create(repository: Repository, sync_env: str) -> None:
    made = (
        "CREATE SCHEMA IF NOT EXISTS app; CREATE TABLE IF NOT EXISTS alembic_version"
        " (version_num varchar(99) PRIMARY KEY)"
    )
    repository.write("migrations/env.py", _env(sync_env, made))
    repository.write("revgate.toml", f"{SETTINGS}expect-tables = 1\n")
    repository.revision("a0", None, *CREATE)
    judged = repository.judge("gate", "--no-rows")
    assert (judged.code, judged.tables) == (0, [1, 0, 1, 1])
    assert not [each for each in judged.told["notes"] if "existed before" in each]
    made += "; CREATE TABLE IF NOT EXISTS job_lock (id int PRIMARY KEY)"
    repository.write("migrations/env.py", _env(sync_env, made))
    repository.write("revgate.toml", f"{SETTINGS}expect-tables = 2\n")
    judged = repository.judge("gate", "--no-rows")
    assert (judged.code, judged.findings, judged.tables) == (0, [], [2, 1, 2, 2])
    (note,) = (each for each in judged.told["notes"] if "existed before" in each)
    assert "1 table existed before the first revision ran, `job_lock`: migrations/env.py" in note


DUMP = r"""
\restrict x7
SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TYPE public.mood AS ENUM ('glad', 'sad');
CREATE TABLE public.users (id int PRIMARY KEY, name text NOT NULL, mood public.mood);
CREATE TABLE public.legacy (id int PRIMARY KEY);
\unrestrict x7
"""
MODELS = """
import sqlalchemy as sa
metadata = sa.MetaData()
sa.Table("users", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False), sa.Column("mail", sa.Text),
    sa.Column("mood", sa.Enum("glad", "sad", name="mood")))
"""


def test_a_file_that_brings_the_state_before_the_first_revision(
    repository: Repository, sync_env: str
) -> None:
    env = sync_env.replace("connection=connection", "connection=connection, target_metadata=m")
    repository.write("models.py", MODELS)
    repository.write("migrations/env.py", f"from models import metadata as m\n{env}")
    repository.write("alembic.ini", f"{INI}prepend_sys_path = .\n")
    repository.revision("a0", None, *ALTER)
    judged = repository.judge("roundtrip")
    assert [rule for rule, _ in judged.findings] == ["upgrade-fails"]
    assert '`prepare = "before.sql"`' in judged.told["findings"][0]["help"]

    repository.write("before.sql", DUMP)
    repository.write("revgate.toml", f'{SETTINGS}prepare = "before.sql"\nexpect-tables = 2\n')
    judged = repository.judge("gate")
    assert (judged.code, judged.findings, judged.tables) == (0, [], [2, 2, 2, 2])
    rows = judged.told["roundtrip"]["revisions"][0]["rows"]
    assert (rows["tables"], rows["of"]) == (2, 2)
    repository.revision("a0", None, "ALTER TABLE users ADD mail text NOT NULL", ALTER[1])
    found = {rule for rule, _ in repository.judge("gate").findings}
    assert found == {"blocking-lock", "fails-on-rows", "model-drift"}

    repository.revision("a0", None, *CREATE)
    said = repository.error()
    assert 'a0.py:8 cannot run: relation "users" already exists\n' in said
    assert "before.sql, which `prepare` names in the settings, creates it as well" in said

    repository.write("before.sql", "\nCREATE TABLE users (id int);\nCREATE TABLE t (a nothing);\n")
    said = repository.error()
    assert "before.sql:3, which `prepare` names in the settings, cannot be run: type" in said
    repository.write("before.sql", "CREATE ROLE someone; COPY t FROM STDIN;\n")
    assert "before.sql" in repository.error()


def test_every_command_that_builds_the_history_begins_with_that_state(
    repository: Repository,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("REVGATE_CACHE_DIR", str(repository.root / "cache"))
    repository.revision("a0", None, *ALTER)
    repository.write("before.sql", DUMP)
    repository.write("revgate.toml", f'{SETTINGS}prepare = "before.sql"\nsuperuser = false\n')
    assert repository.judge("gate").findings == []
    assert commands.main(["schema", "--output", "schema.sql"]) == 0
    assert "CREATE TABLE public.users" in (repository.root / "schema.sql").read_text()

    address = server.create_database()
    with closing(connect(address)) as connection, connection.cursor() as cursor:
        cursor.execute(DUMP.replace("\\restrict x7", "").replace("\\unrestrict x7", ""))
        cursor.execute("ALTER TABLE public.users ADD mail text; SET search_path = public")
        cursor.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        cursor.execute("INSERT INTO alembic_version VALUES ('a0')")
    doctor = ["doctor", "--database-url", address.url()]
    assert commands.main(doctor) == 0
    repository.write("before.sql", f"{DUMP}CREATE TABLE public.late (id int);\n")
    assert commands.main(doctor) == 1, "another state is not taken from the cache"
    server.drop_database(address)

    repository.revision("b1", "a0", *SECOND)
    repository.write("revgate.toml", f'{SETTINGS}prepare = "before.sql"\nallow-squash = "b1"\n')
    git(repository.root, "add", "-A")
    git(repository.root, "commit", "-qm", "one")
    git(repository.root, "checkout", "-qb", "squash")
    for name in ("a0", "b1"):
        (repository.root / f"migrations/versions/{name}.py").unlink()
    up, down = (f"{one}; {two}" for one, two in zip(ALTER, SECOND, strict=True))
    repository.revision("s1", None, up, down)
    git(repository.root, "add", "-A")
    git(repository.root, "commit", "-qm", "squash")
    capsys.readouterr()
    judged = repository.judge("gate", "--against", "HEAD~1")
    assert "squash-differs" not in [rule for rule, _ in judged.findings]
    assert any("builds the same schema" in each for each in judged.told["notes"])
