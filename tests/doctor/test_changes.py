"""--reset and --create-missing: what the application owns, where that may be, or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from revgate.cli import main
from revgate.doctor.target import Target
from revgate.postgres.connect import parse_address

Application = Any
"""The class of the fixture, which stands in conftest.py."""


def name_of(application: Application) -> str:
    return parse_address(application.url).database


def relations(application: Application) -> list[str]:
    rows = application.sql(
        "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE relkind IN ('r', 'v') AND nspname !~ '^pg_' AND nspname <> 'information_schema'"
        " ORDER BY 1"
    )
    return [name for (name,) in rows]


# --reset


def test_without_a_terminal_and_a_name_nothing_is_dropped(application: Application) -> None:
    application.alembic("upgrade", "head")
    code, out, err = application.run("--reset")

    assert code == 2
    assert "table users" in out
    assert f"pass `--yes {name_of(application)}`" in err
    assert relations(application) == ["alembic_version", "posts", "users"]


def test_another_name_drops_nothing(application: Application) -> None:
    application.alembic("upgrade", "head")
    code, _, err = application.run("--reset", "--yes", "production")

    assert code == 2
    assert "nothing was changed" in err
    assert relations(application) == ["alembic_version", "posts", "users"]


@pytest.mark.parametrize("host", ["db.example.org", "192.0.2.1", "10.0.0.1"])
@pytest.mark.parametrize("option", ["--reset", "--create-missing"])
def test_another_host_is_refused_before_it_is_reached(
    application: Application, host: str, option: str
) -> None:
    url = f"postgresql://u:secret@{host}/shop"
    assert main(["doctor", "--database-url", url, option, "--yes", "shop"]) == 2
    err = application.capsys.readouterr().err
    assert "--remote" in err
    assert "secret" not in err


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", ""])
def test_this_machine_is_local(host: str) -> None:
    assert Target(parse_address(f"postgresql://u@{host}/shop"), "DATABASE_URL").is_local


def test_what_the_application_owns_goes(application: Application) -> None:
    application.alembic("upgrade", "head")
    code, out, _ = application.run("--reset", "--yes", name_of(application))

    assert code == 0
    assert "✓ dropped 4 objects" in out
    assert relations(application) == []
    assert application.sql("SELECT 1 FROM pg_type WHERE typname = 'mood'") == []
    application.alembic("upgrade", "head")
    assert application.examine()["passed"]


def test_what_it_does_not_own_stays(application: Application) -> None:
    application.alembic("upgrade", "head")
    application.sql("CREATE SCHEMA tools; CREATE TABLE tools.users (id int)")
    application.sql("CREATE TABLE notes (id int)")
    code, out, _ = application.run("--reset", "--yes", name_of(application))

    assert code == 0
    assert out.index("table notes") > out.index("Not part of the application, to be kept:")
    assert relations(application) == ["notes", "users"]


def test_what_others_build_on_it_keeps_all_of_it(application: Application) -> None:
    application.alembic("upgrade", "head")
    application.sql("CREATE VIEW report AS SELECT id FROM users")
    code, _, err = application.run("--reset", "--yes", name_of(application))

    assert code == 3
    assert "nothing was dropped" in err
    assert "report" in err
    assert relations(application) == ["alembic_version", "posts", "report", "users"]


PARTITIONED = """
def upgrade():
    op.execute("CREATE SCHEMA archive")
    op.execute("CREATE TABLE events (id bigserial, at date NOT NULL) PARTITION BY RANGE (at)")
    op.execute("CREATE TABLE events_2025 PARTITION OF events"
               " FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')")
    op.execute("CREATE TABLE archive.events_2024 PARTITION OF events"
               " FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')")
    op.execute("CREATE MATERIALIZED VIEW totals AS SELECT count(*) FROM events")
    op.execute("CREATE FOREIGN DATA WRAPPER none")
    op.execute("CREATE SERVER elsewhere FOREIGN DATA WRAPPER none")
    op.execute("CREATE FOREIGN TABLE far (id int) SERVER elsewhere")


def downgrade():
    op.execute("DROP FOREIGN TABLE far")
    op.execute("DROP MATERIALIZED VIEW totals")
    op.execute("DROP TABLE events")
    op.execute("DROP SCHEMA archive")
"""


BY_HAND = (
    "CREATE SCHEMA s; CREATE TABLE s.by_hand PARTITION OF events"
    " FOR VALUES FROM ('2023-01-01') TO ('2024-01-01')"
)


def everything(application: Application) -> set[str]:
    """Return the names of tables of every kind, sequences and views."""
    rows = application.sql(
        "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE relkind IN ('r', 'p', 'f', 'S', 'v', 'm') AND nspname !~ '^pg_'"
        " AND nspname <> 'information_schema'"
    )
    return {name for (name,) in rows}


@pytest.fixture
def partitioned(application: Application) -> Application:
    path = application.root / "migrations" / "versions" / "r4.py"
    header = "from alembic import op\nrevision = 'r4'\ndown_revision = 'r3'\n"
    path.write_text(header + PARTITIONED)
    application.alembic("upgrade", "head")
    return application


def test_what_goes_along_is_listed_and_is_all_that_goes(partitioned: Application) -> None:
    partitioned.sql("CREATE TABLE notes (id serial)")
    before = everything(partitioned)
    code, out, err = partitioned.run("--reset", "--yes", name_of(partitioned))
    assert code == 0, err
    listed, _, kept = out.partition("Not part of the application")
    for name in before - everything(partitioned):
        assert f" {name}\n" in f"{listed} ".replace(", which belongs", "\n").replace(
            "archive.", " "
        ), name
    assert everything(partitioned) == {"notes", "notes_id_seq"}
    assert "table notes" in kept


@pytest.mark.parametrize(
    ("statement", "named", "advice"),
    [
        (
            BY_HAND,
            "table s.by_hand",
            "ALTER TABLE public.events DETACH PARTITION s.by_hand",
        ),
        (
            "CREATE SEQUENCE by_hand OWNED BY users.id",
            "sequence public.by_hand",
            "ALTER SEQUENCE public.by_hand OWNED BY NONE",
        ),
    ],
)
def test_what_was_attached_by_hand_stops_it(
    partitioned: Application, statement: str, named: str, advice: str
) -> None:
    partitioned.sql(statement)
    before = everything(partitioned)
    code, _, err = partitioned.run("--reset", "--yes", name_of(partitioned))
    assert code == 3
    assert named in err
    assert advice in err
    assert everything(partitioned) == before
    # A partition takes its default, and so a sequence of the application, with it.
    partitioned.sql(f"{advice}; ALTER TABLE IF EXISTS s.by_hand ALTER id DROP DEFAULT")
    code, _, err = partitioned.run("--reset", "--yes", name_of(partitioned))
    assert (code, err) == (0, "")
    assert "by_hand" in everything(partitioned)


def test_what_is_attached_after_the_list_was_shown_stops_it(
    partitioned: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    from revgate.doctor import command

    def attach(*_: object) -> None:
        partitioned.sql("CREATE SEQUENCE late OWNED BY users.id")

    monkeypatch.setattr(command, "confirm", attach)
    code, _, err = partitioned.run("--reset")
    assert code == 3
    assert "public.late" in err
    assert {"users", "late", "events"} <= everything(partitioned)


def test_nothing_is_there_to_drop(application: Application) -> None:
    assert application.run("--reset", "--yes", name_of(application))[0] == 0


# --create-missing


def test_missing_tables_are_made_in_order_with_their_types(application: Application) -> None:
    code, out, _ = application.run("--create-missing")

    assert code == 0
    assert "created 2 tables from the models" in out
    assert "bypassed the migrations" in out
    assert relations(application) == ["posts", "users"]
    assert application.examine()["state"] == "never-stamped"


def test_only_what_is_missing_is_made(application: Application) -> None:
    application.alembic("upgrade", "r1")
    application.sql("INSERT INTO users VALUES (1, 'low')")

    assert application.run("--create-missing")[0] == 0
    assert relations(application) == ["alembic_version", "posts", "users"]
    assert application.sql("SELECT mood FROM users") == [("low",)]
    assert application.sql("SELECT version_num FROM alembic_version") == [("r1",)]
    assert application.run("--create-missing")[1] == "✓ every model has its table\n"


def test_all_tables_or_none(application: Application) -> None:
    models = application.root / "shop.py"
    broken = "    title = sa.Column(sa.Text, server_default=sa.text('no_such_function()'))"
    models.write_text(models.read_text().replace("    title = sa.Column(sa.Text)", broken))
    code, _, err = application.run("--create-missing")

    assert code == 3
    assert "no table was created" in err
    assert relations(application) == []
