"""Statements that name a database or affect the whole server; tablespaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from revgate.errors import CannotJudgeError
from revgate.roundtrip.agent.places import Place
from revgate.roundtrip.agent.server_statements import checked
from revgate.roundtrip.agent.target import Refused, Target

ProjectMaker = Callable[..., Any]


@pytest.fixture
def target() -> Target:
    facts = {"host": "127.0.0.1", "port": 1234, "user": "me", "password": "x",
             "database": "ours", "parameters": []}  # fmt: skip
    made = Target(facts, lambda _name: None)
    made.reach(Place.of("db", 5432, "Shop"))
    made.reach(Place.of("db", 5432, "stock"))
    return made


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE databases (a int)",
        "SELECT current_database()",
        "SELECT 'database of x'",
        "ALTER TABLE t SET TABLESPACE pg_default",
        "ALTER DATABASE \"ours\" SET timezone = 'UTC'",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET a.b = 1', current_database()); END $$",
    ],
)
def test_what_is_about_the_throwaway_stays(target: Target, statement: str) -> None:
    assert checked(target, statement) == statement


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ('ALTER DATABASE "Shop" SET a.b = 1', 'ALTER DATABASE "ours" SET a.b = 1'),
        ("alter database STOCK set a.b = 1", 'alter database "ours_1" set a.b = 1'),
        ("COMMENT ON DATABASE stock IS 'x'", "COMMENT ON DATABASE \"ours_1\" IS 'x'"),
        (
            "GRANT CONNECT, TEMP ON DATABASE stock TO a",
            'GRANT CONNECT, TEMP ON DATABASE "ours_1" TO a',
        ),
        (
            "ALTER ROLE a IN DATABASE stock SET b.c = 1",
            'ALTER ROLE a IN DATABASE "ours_1" SET b.c = 1',
        ),
    ],
)
def test_productions_name_becomes_ours(target: Target, statement: str, expected: str) -> None:
    assert checked(target, statement) == expected


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER DATABASE other SET a.b = 1",
        "ALTER DATABASE shop SET a.b = 1",
        'DROP DATABASE "ours"',
        "ALTER DATABASE stock RENAME TO x",
        "REVOKE ALL ON DATABASE postgres FROM public",
    ],
)
def test_any_other_database_is_refused(target: Target, statement: str) -> None:
    with pytest.raises(Refused):
        checked(target, statement)


def test_a_setting_of_productions_database_is_one_of_the_throwaway(project: ProjectMaker) -> None:
    body = """
def upgrade():
    name = op.get_bind().engine.url.database
    assert name == "production"
    op.execute(f"ALTER DATABASE {name} SET app.tenant = 'a'")


def downgrade():
    op.execute("ALTER DATABASE production RESET app.tenant")
"""
    observed = project(body).run()
    assert observed.failures == observed.after_downgrade == ()


def test_a_setting_that_is_left_is_a_finding(project: ProjectMaker) -> None:
    body = """
def upgrade():
    op.execute("ALTER DATABASE production SET app.tenant = 'a'")


def downgrade():
    pass
"""
    (left,) = project(body).run().after_downgrade
    assert (left.change.kind, left.change.name) == ("setting", "app.tenant")


@pytest.mark.parametrize("named", [True, False])
def test_the_whole_server_is_changed_only_where_it_is_ours(
    project: ProjectMaker, named: bool
) -> None:
    body = """
def upgrade():
    with op.get_context().autocommit_block():
        op.execute("ALTER SYSTEM SET work_mem = '8MB'")


def downgrade():
    with op.get_context().autocommit_block():
        op.execute("ALTER SYSTEM RESET work_mem")
"""
    made = project(body)
    observed = made.run() if named else made.run(database_url=None)
    if named:
        assert "ALTER SYSTEM was refused" in observed.failures[0].message
    else:
        assert observed.failures == ()
        assert any("`ALTER SYSTEM SET work_mem = '8MB'`" in note for note in observed.notes)


TABLESPACES = {
    "CREATE TABLE t (a int) TABLESPACE fast": "uses the tablespace `fast`",
    "CREATE TABLESPACE fast LOCATION '/no/such/folder'": "creates the tablespace `fast`",
}


@pytest.mark.parametrize("statement", TABLESPACES)
def test_a_tablespace_is_explained(project: ProjectMaker, statement: str) -> None:
    body = f"""
def upgrade():
    with op.get_context().autocommit_block():
        op.execute("{statement}")


def downgrade():
    pass
"""
    with pytest.raises(CannotJudgeError) as caught:
        project(body).run(database_url=None)
    assert TABLESPACES[statement] in str(caught.value)
