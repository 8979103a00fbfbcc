"""Which revision a real database is at, every way it can be wrong, and what fixes it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from revgate.cli import main
from revgate.postgres.connect import parse_address

Application = Any
"""The class of the fixture, which stands in conftest.py."""


def test_at_the_head_all_tests_pass(application: Application) -> None:
    application.alembic("upgrade", "head")

    code, out, _ = application.run()
    assert code == 0
    assert out.splitlines()[-4:] == [
        "✓ All tests passed!",
        "  Current revision: r3",
        "  Tables in database: 2",
        "  Expected tables: 2",
    ]
    told = application.examine()
    assert (told["state"], told["exact"], told["commands"]) == ("at-head", True, [])
    assert told["differences"] == []


def test_a_second_look_uses_what_the_first_kept(application: Application) -> None:
    application.alembic("upgrade", "r2")
    first = application.examine()
    assert list((application.root / "cache").iterdir())
    assert application.examine() == first

    path = application.root / "migrations/versions/r2.py"
    path.write_text(path.read_text().replace("sa.Integer,", "sa.BigInteger,"))
    assert application.examine()["state"] == "changed-by-hand"


def test_nothing_is_written_to_the_database(application: Application) -> None:
    before = application.sql("SELECT pg_current_wal_insert_lsn()")
    application.examine()
    application.sql("SELECT 1")
    assert application.sql("SELECT count(*) FROM pg_class WHERE oid >= 16384") == [(0,)]
    assert before


def test_an_empty_database(application: Application) -> None:
    told = application.examine()

    assert told["state"] == "empty"
    assert told["commands"] == ["alembic upgrade head"]
    assert told["missing_tables"] == ["posts", "users"]
    assert told["pending"] == ["r1", "r2", "r3"]
    assert "⚠ Missing 2 tables\n" in application.run()[1]


@pytest.mark.parametrize("revision", ["r1", "r2"])
def test_at_each_revision(application: Application, revision: str) -> None:
    application.alembic("upgrade", revision)
    told = application.examine()

    assert (told["state"], told["revision"], told["current"]) == ("behind", revision, [revision])
    assert told["commands"] == ["alembic upgrade head"]
    application.alembic("upgrade", "head")
    assert application.examine()["passed"]


def test_stamped_too_low(application: Application) -> None:
    application.alembic("upgrade", "head")
    application.alembic("stamp", "r1")
    told = application.examine()

    assert (told["state"], told["revision"]) == ("stamped-too-low", "r3")
    assert told["commands"] == ["alembic stamp r3"]
    repair(application, told)


def test_stamped_too_high(application: Application) -> None:
    application.alembic("upgrade", "r1")
    application.alembic("stamp", "head")
    told = application.examine()

    assert (told["state"], told["revision"]) == ("stamped-too-high", "r1")
    assert told["commands"] == ["alembic stamp r1", "alembic upgrade head"]
    repair(application, told)


def test_stamped_with_an_id_that_is_gone(application: Application) -> None:
    application.alembic("upgrade", "r2")
    application.sql("UPDATE alembic_version SET version_num = 'deadbeef'")
    told = application.examine()

    assert (told["state"], told["revision"]) == ("unknown-stamp", "r2")
    assert told["commands"] == ["alembic stamp --purge r2", "alembic upgrade head"]
    repair(application, told)


def test_made_from_the_models_and_never_stamped(application: Application) -> None:
    code = "import sys; sys.path.insert(0, '.'); import shop, sqlalchemy as sa;"
    code += f"shop.Base.metadata.create_all(sa.create_engine({application.url!r}))"
    subprocess.run([sys.executable, "-c", code], cwd=application.root, check=True)
    told = application.examine()

    assert (told["state"], told["revision"], told["exact"]) == ("never-stamped", "r3", True)
    assert told["commands"] == ["alembic stamp r3"]
    repair(application, told)


def test_half_applied_by_hand(application: Application) -> None:
    application.alembic("upgrade", "r1")
    application.sql("CREATE TABLE posts (id serial PRIMARY KEY, user_id int)")
    told = application.examine()
    # The foreign key is not there: half of `r2`.
    assert (told["state"], told["revision"]) == ("half-applied", "r1")
    assert told["commands"] == ["DROP TABLE posts;", "alembic upgrade head"]
    repair(application, told)


def test_a_column_added_by_hand(application: Application) -> None:
    application.alembic("upgrade", "head")
    application.sql("ALTER TABLE users ADD nickname text DEFAULT 'x'")
    told = application.examine()

    assert (told["state"], told["revision"], told["exact"]) == ("changed-by-hand", "r3", False)
    assert [(each["how"], each["kind"], each["name"]) for each in told["differences"]] == [
        ("left", "column", "users.nickname")
    ]
    assert "extra: column `users.nickname`" in application.run()[1]


def test_a_history_that_was_put_together_again(application: Application) -> None:
    application.alembic("upgrade", "head")
    versions = application.root / "migrations" / "versions"
    late = (versions / "r1.py").read_text().replace("'r1'", "'late'").replace("users", "tags")
    late = late.replace('"mood"', '"kind"').replace("TYPE mood", "TYPE kind")
    (versions / "late.py").write_text(late.replace("None", "'r2'"))
    third = versions / "r3.py"
    third.write_text(third.read_text().replace("'r2'", "'late'"))
    told = application.examine()

    assert (told["state"], told["revision"]) == ("skipped", "r3")
    assert told["commands"] == ["alembic upgrade r2:late --sql"]
    script = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "r2:late", "--sql"],
        cwd=application.root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert script.returncode == 0 or "offline" in script.stderr


def repair(application: Application, told: dict[str, Any]) -> None:
    """Run what the doctor says, and see the database at the head."""
    for command in told["commands"]:
        if command.startswith("alembic "):
            application.alembic(*command.split()[1:])
        else:
            application.sql(command)
    application.alembic("upgrade", "head")
    assert application.examine()["passed"]


# What surrounds the diagnosis.


def test_operators_tools_and_grants_are_not_the_applications(application: Application) -> None:
    application.alembic("upgrade", "head")
    application.sql("GRANT SELECT ON users TO PUBLIC")
    application.sql("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC")

    assert application.examine()["state"] == "at-head"


def test_a_table_that_no_model_knows_is_a_warning(application: Application) -> None:
    application.alembic("upgrade", "head")
    application.sql("CREATE SCHEMA audit")
    application.sql("CREATE TABLE audit.log (id int)")
    told = application.examine()

    assert told["unmapped_tables"] == ["audit.log"]
    (unmapped,) = [each for each in told["tests"] if each["name"] == "unmapped"]
    assert unmapped["outcome"] == "warning"


def test_a_fork_is_said_before_anything_is_run(application: Application) -> None:
    application.alembic("upgrade", "head")
    versions = application.root / "migrations" / "versions"
    text = (versions / "r3.py").read_text().replace("'r3'", "'other'")
    (versions / "other.py").write_text(text)
    code, out, _ = application.run()

    assert code == 1
    assert "✗ the history is not linear" in out
    assert "Multiple" in out or "heads" in out


def test_a_wrong_count_is_reported(application: Application) -> None:
    application.alembic("upgrade", "head")
    code, out, _ = application.run("--expect-tables", "63")

    assert code == 1
    assert "✗ 2 tables, 63 expected" in out


def test_the_count_is_that_of_the_environment(application: Application) -> None:
    """What an environment says goes before what the repository says."""
    application.alembic("upgrade", "head")
    (application.root / "revgate.toml").write_text(
        'expect-tables = 63\nfile-name = "any"\n[[environment]]\nname = "shop"\n'
        'config = "alembic.ini"\nexpect-tables = 2\n'
    )
    code, out, err = application.run()
    assert (code, err) == (0, "")
    assert "  Expected tables: 2\n" in out
    assert "  Expected tables: 3\n" in application.run("--expect-tables", "3")[1]


@pytest.mark.parametrize("source", ["variable", "file"])
def test_the_database_is_named_by_the_environment(
    application: Application, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    application.alembic("upgrade", "head")
    if source == "variable":
        monkeypatch.setenv("DATABASE_URL", application.url)
    else:
        text = f"# the database\nexport DATABASE_URL='{application.url}'  # local\n"
        (application.root / ".env").write_text(text)
    assert main(["doctor"]) == 0


def test_no_database_is_a_usage_error(application: Application) -> None:
    assert main(["doctor"]) == 2
    assert "set DATABASE_URL" in application.capsys.readouterr().err


def test_a_database_that_is_not_there_could_not_be_judged(application: Application) -> None:
    url = parse_address(application.url)._replace(database="no_such", password="secret-word").url()
    assert main(["doctor", "--database-url", url]) == 3
    said = application.capsys.readouterr()
    assert "cannot connect to" in said.err
    assert "secret-word" not in said.err + said.out


def test_a_version_table_of_another_name(application: Application) -> None:
    env = application.root / "migrations" / "env.py"
    more = "connection=connection, version_table='Stamp', version_table_schema='App'"
    text = env.read_text().replace("connection=connection", more)
    env.write_text(
        text.replace(
            "    with context.begin",
            "    connection.execute(__import__('sqlalchemy').text("
            "'CREATE SCHEMA IF NOT EXISTS \"App\"'))\n    with context.begin",
        )
    )
    application.alembic("upgrade", "r2")
    told = application.examine()

    assert told["current"] == ["r2"]
    assert told["state"] == "behind"
