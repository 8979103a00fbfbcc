"""Databases as they are in production: more than their history has, and on several branches."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from revgate.cli import main
from revgate.postgres.connect import parse_address
from revgate.postgres.programs import find_local

if TYPE_CHECKING:
    import pytest

Application = Any
"""The class of the fixture, which stands in conftest.py."""

EVENTS = """
def upgrade():
    op.execute("CREATE TABLE events (id bigint, at date NOT NULL) PARTITION BY RANGE (at)")
    op.execute("CREATE INDEX ix_events_at ON events (at)")
    op.execute("ALTER TABLE users SET (fillfactor = 70)")


def downgrade():
    op.execute("DROP TABLE events")
    op.execute("ALTER TABLE users RESET (fillfactor)")
"""
IN_PRODUCTION = """
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
ALTER TABLE events_2026 ADD PRIMARY KEY (id);
CREATE SCHEMA monitoring;
CREATE TABLE monitoring.samples (id serial PRIMARY KEY, user_id int REFERENCES users);
CREATE VIEW monitoring.report AS SELECT id FROM users;
CREATE MATERIALIZED VIEW totals AS SELECT count(*) FROM users;
CREATE FUNCTION monitoring.now() RETURNS int LANGUAGE sql AS 'SELECT 1';
ALTER TABLE users SET (autovacuum_vacuum_scale_factor = 0.01, toast.autovacuum_enabled = false);
ALTER TABLE posts SET (autovacuum_enabled = false);
ALTER TABLE users REPLICA IDENTITY FULL;
ALTER TABLE posts ALTER title SET STATISTICS 500, ALTER title SET STORAGE EXTERNAL,
                  ALTER title SET (n_distinct = -0.5);
CREATE PUBLICATION changes FOR TABLE users;
CREATE STATISTICS by_mood ON id, mood FROM users;
CREATE INDEX by_hand ON posts (title) WITH (fillfactor = 50);
COMMENT ON TABLE users IS 'people';
ALTER TABLE users CLUSTER ON users_pkey;
GRANT SELECT ON users TO PUBLIC;
"""


def add_revision(application: Application, id_: str, parents: str, body: str) -> None:
    header = f"import sqlalchemy as sa\nfrom alembic import op\nrevision = {id_!r}\n"
    path = application.root / "migrations" / "versions" / f"{id_}.py"
    path.write_text(f"{header}down_revision = {parents}\n{body}")


def differences(told: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(each["how"], each["kind"], each["name"]) for each in told["differences"]]


def test_more_than_the_history_has_is_a_note(application: Application) -> None:
    add_revision(application, "r4", "'r3'", EVENTS)
    application.alembic("upgrade", "head")
    application.sql(IN_PRODUCTION)
    application.sql(
        "CREATE SUBSCRIPTION replica CONNECTION 'dbname=x' PUBLICATION p"
        " WITH (connect = false, slot_name = NONE)"
    )
    code, out, _ = application.run()

    assert code == 0, out
    assert "3 tables, as expected, and 1 that no revision creates" in out
    assert "note: 7 objects that no revision creates" in out
    told = application.examine()
    assert (told["state"], told["exact"], told["differences"]) == ("at-head", True, [])
    assert {(each["kind"], each["name"]) for each in told["additions"]} == {
        ("comment", "TABLE public.users"),
        ("index", "by_hand"),
        ("materialized view", "totals"),
        ("publication", "changes"),
        ("schema", "monitoring"),
        ("statistics", "by_mood"),
        ("table", "events_2026"),
    }
    (note,) = [each for each in told["notes"] if each.startswith("storage options")]
    assert all(f"table {name}" in note for name in ("users", "posts"))

    # Other than the history: every kind of difference stays one.
    application.sql(
        "ALTER TABLE users SET (fillfactor = 90); CREATE UNIQUE INDEX once ON posts (title);"
        "ALTER TABLE posts ADD rank int DEFAULT 0; ALTER TABLE posts ADD CHECK (id > 0);"
        "ALTER TYPE mood ADD VALUE 'medium'; DROP INDEX ix_events_at;"
        "ALTER TABLE posts ENABLE ROW LEVEL SECURITY"
    )
    told = application.examine()
    assert (told["state"], told["passed"]) == ("changed-by-hand", False)
    assert set(differences(told)) == {
        ("changed", "table", "users"),
        ("changed", "table", "posts"),
        ("left", "index", "once"),
        ("left", "column", "posts.rank"),
        ("left", "constraint", "posts.posts_id_check"),
        ("left", "enum label", "mood.'medium'"),
        ("gone", "index", "ix_events_at"),
    }
    # What the settings leave out is in neither part.
    (application.root / "revgate.toml").write_text(
        'ignore-objects = ["table users", "type mood", "posts", "index ix_*", "monitoring.*"]\n'
    )
    told = application.examine()
    assert (told["state"], told["differences"]) == ("at-head", [])
    assert ("schema", "monitoring") not in {(e["kind"], e["name"]) for e in told["additions"]}


TAGS = """
def upgrade():
    op.create_table("{0}", sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table("{0}")
"""


def test_a_database_on_branches_of_a_merged_history(application: Application) -> None:
    add_revision(application, "c1", "'r3'", TAGS.format("tags"))
    add_revision(application, "b1", "'r3'", TAGS.format("labels"))
    add_revision(application, "m1", "('c1', 'b1')", TAGS.format("words"))
    (application.root / "revgate.toml").write_text('linear = false\nfile-name = "any"\n')

    for branch in ("c1", "b1"):
        application.alembic("upgrade", branch)
        told = application.examine()
        assert (told["state"], told["current"]) == ("behind", [branch])
        assert told["commands"] == ["alembic upgrade head"]
        assert told["missing_tables"] == []
        assert set(told["pending"]) == {"b1", "c1", "m1"} - {branch}
        application.alembic("downgrade", "r3")

    application.alembic("upgrade", "c1")
    application.alembic("upgrade", "b1")
    told = application.examine()
    assert (told["state"], {*told["revision"].split(", ")}) == ("behind", {"c1", "b1"})
    assert told["pending"] == ["m1"]
    application.alembic("upgrade", "head")
    assert application.examine()["passed"]

    application.sql("DELETE FROM alembic_version; INSERT INTO alembic_version VALUES ('c1')")
    assert application.examine()["commands"] == ["alembic stamp m1"]
    application.sql("DROP TABLE words")
    told = application.examine()
    assert told["state"] == "stamped-too-low"
    for command in told["commands"]:
        application.alembic(*command.split()[1:])
    assert application.examine()["passed"]


# Commands for a database that env.py does not connect to.


def run_printed(application: Application, commands: list[str], **variables: str) -> None:
    """Run commands in a shell, as they are copied from the report."""
    folders = (Path(sys.executable).parent, Path(__file__).parents[2] / "hooks", find_local() or "")
    path = os.pathsep.join(map(str, (*folders, os.environ["PATH"])))
    for command in commands:
        environ = {**os.environ, "PATH": path, "PYTHONPATH": str(application.root), **variables}
        words = ["sh", "-c", command]
        ran = subprocess.run(
            words, cwd=application.root, capture_output=True, text=True, check=False, env=environ
        )
        assert ran.returncode == 0, (command, ran.stdout, ran.stderr)


def test_printed_commands_act_on_the_database_that_was_named(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    application.alembic("upgrade", "r1")
    application.alembic("stamp", "r2")
    ini = application.root / "alembic.ini"
    ini.write_text(ini.read_text().replace(application.url, "postgresql://u@192.0.2.1/production"))
    address = parse_address(application.url)
    told = application.examine()

    public = shlex.quote(address.public_url())
    assert told["commands"] == [
        f"revgate alembic --database-url {public} stamp r1",
        f"revgate alembic --database-url {public} upgrade head",
    ]
    assert address.password
    assert address.password not in str(told)
    run_printed(application, told["commands"][:1], PGPASSWORD=address.password)
    told = application.examine()
    assert (told["state"], told["current"]) == ("behind", ["r1"])

    # A URL that came from a variable is named by it.
    monkeypatch.setenv("SHOP", application.url)
    application.sql("CREATE TABLE posts (id serial PRIMARY KEY, user_id int)")
    told = application.examine()
    assert told["commands"] == [
        f"psql {public} -c 'DROP TABLE posts;'",
        'revgate alembic --database-url "$SHOP" upgrade head',
    ]
    run_printed(application, told["commands"], PGPASSWORD=address.password)
    assert application.examine()["passed"]

    # The password file is libpq's.
    words = ("downgrade", "r2")
    pgpass = application.root / "pgpass"
    pgpass.write_text(f"*:*:{address.database}:{address.user}:{address.password}\n")
    pgpass.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(pgpass))
    monkeypatch.setenv("PYTHONPATH", str(application.root))
    assert main(["alembic", "--database-url", address.public_url(), *words]) == 0
    assert main(["alembic", "--database-url", address.public_url(), "current"]) == 0
    assert application.capsys.readouterr().out.strip() == "r2"
    name = address.database
    code = main(["upgrade", "--database-url", application.url, "--no-backup", "--yes", name])
    said = application.capsys.readouterr().out
    assert code == 0, said
    assert '  revgate alembic --database-url "$SHOP" downgrade r2    undoes' in said
