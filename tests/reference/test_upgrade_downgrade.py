"""The chain on a real server: up, down and up again, online and as a script."""

from __future__ import annotations

from collections.abc import Callable

import models
import pytest
from sqlalchemy import create_engine, make_url, pool

Run = Callable[..., str]
Dump = Callable[[str], str]
Query = Callable[[str, str], list[tuple[object, ...]]]

TABLES_AFTER = {
    "efaa6e584823": 4,
    "20251114120000": 29,
    "20251116000000": 44,
    "20251116120000": 46,
    "20251117000000": 63,
}
COUNT = """
    SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'
"""
# Column order aside, which differs between a table that grew and one that was made at once.
STRUCTURE = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT table_name, column_name,
           concat_ws(' ', udt_name, character_maximum_length, numeric_precision, numeric_scale,
                     is_nullable, column_default)
    FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name <> 'active_customers'
    UNION ALL
    SELECT typname, enumlabel, enumsortorder::text
    FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid
"""


def test_every_revision_up_down_and_up_again(
    empty_database: str, alembic: Run, dump: Dump, query: Query
) -> None:
    def step_up() -> list[str]:
        dumps = []
        for revision, tables in TABLES_AFTER.items():
            alembic(empty_database, "upgrade", revision)
            assert query(empty_database, COUNT) == [(tables,)]
            dumps.append(dump(empty_database))
        return dumps

    before = dump(empty_database)
    after = step_up()
    for expected in reversed([before, *after[:-1]]):
        alembic(empty_database, "downgrade", "-1")
        assert dump(empty_database) == expected
    assert step_up() == after


def test_models_and_migrations_agree(empty_database: str, alembic: Run, query: Query) -> None:
    alembic(empty_database, "upgrade", "head")
    assert "No new upgrade operations detected" in alembic(empty_database, "check")

    # `alembic check` looks at neither CHECK constraints nor enum labels: compare them ourselves.
    migrated = {row for row in query(empty_database, STRUCTURE) if row[0] != "alembic_version"}
    alembic(empty_database, "downgrade", "base")
    engine = create_engine(empty_database, poolclass=pool.NullPool)
    models.Base.metadata.create_all(engine)
    made = {row for row in query(empty_database, STRUCTURE) if row[0] != "alembic_version"}
    assert made == migrated


def test_both_drivers_and_the_script_build_the_same(
    empty_database: str,
    alembic: Run,
    dump: Dump,
    psql: Callable[[str, str], None],
    query: Query,
) -> None:
    asynchronous = make_url(empty_database).set(drivername="postgresql+asyncpg")
    empty = dump(empty_database)

    alembic(empty_database, "upgrade", "head")
    built = dump(empty_database)
    alembic(asynchronous.render_as_string(hide_password=False), "downgrade", "base")
    assert dump(empty_database) == empty
    alembic(asynchronous.render_as_string(hide_password=False), "upgrade", "head")
    assert dump(empty_database) == built

    psql(empty_database, alembic("", "downgrade", "head:base", sql=True))
    assert dump(empty_database) == empty
    query(empty_database, "DROP TABLE IF EXISTS alembic_version")  # the script makes it
    psql(empty_database, alembic("", "upgrade", "head", sql=True))
    assert dump(empty_database) == built


def test_expansion_keeps_the_rows(empty_database: str, alembic: Run, query: Query) -> None:
    alembic(empty_database, "upgrade", "efaa6e584823")
    query(
        empty_database,
        """
        WITH customer AS (
            INSERT INTO customers (email, plan) VALUES ('a@example.com', 'free') RETURNING id
        ), conversation AS (
            INSERT INTO conversations (customer_id, status, agents_involved, kb_articles_used)
            SELECT id, 'active', '{}', '{}' FROM customer RETURNING id
        )
        INSERT INTO messages (conversation_id, role, content)
        SELECT id, 'user', 'Hello' FROM conversation
        """,
    )
    before = "SELECT c.*, m.* FROM customers c, conversations, messages m"
    rows = query(empty_database, before)
    alembic(empty_database, "upgrade", "head")
    assert query(
        empty_database,
        "SELECT mrr, health_score, timezone, channel FROM customers, conversations",
    ) == [(0, 50, "UTC", "web_chat")]
    assert query(empty_database, "SELECT email, plan FROM active_customers") == [
        ("a@example.com", "free")
    ]
    alembic(empty_database, "downgrade", "efaa6e584823")
    assert query(empty_database, before) == rows


@pytest.mark.parametrize("table", ["users", "api_keys"])
def test_trigger_keeps_updated_at(
    table: str, empty_database: str, alembic: Run, query: Query
) -> None:
    alembic(empty_database, "upgrade", "head")
    query(
        empty_database,
        """
        WITH owner AS (
            INSERT INTO users
                (email, full_name, role, status, is_active, is_verified, updated_at)
            VALUES ('a@example.com', 'A', 'viewer', 'active', true, true, '2020-01-01')
            RETURNING id
        )
        INSERT INTO api_keys
            (user_id, name, key_prefix, key_hash, usage_count, is_active, updated_at)
        SELECT id, 'key', 'prefix', 'hash', 0, true, '2020-01-01' FROM owner
        """,
    )
    stale = f"SELECT updated_at < '2021-01-01' FROM {table}"
    assert query(empty_database, stale) == [(True,)]
    query(empty_database, f"UPDATE {table} SET is_active = false")
    assert query(empty_database, stale) == [(False,)]
