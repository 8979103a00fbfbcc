"""Rules on locks and rewrites of existing tables, on a real server."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from revgate.roundtrip.agent.statements import Watch
from revgate.rules import all_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from revgate.findings import Finding
    from revgate.roundtrip.observed import RoundTrip

    ProjectMaker = Callable[..., Any]

COMPARES_SNAPSHOTS = True

ROWS = False


RULES = (
    "blocking-lock",
    "leftover-session-setting",
    "missing-lock-timeout",
    "table-rewrite",
)
GROUND = """
def upgrade():
    op.execute("CREATE TABLE users (id int PRIMARY KEY, email text, age int, stamp timestamp)")
    op.execute("CREATE TABLE posts (id int PRIMARY KEY, user_id int)")


def downgrade():
    op.execute("DROP TABLE posts, users")
"""
BOUNDED = "op.execute(\"SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '9s'\")"


def step(*lines: str, bounded: bool = True) -> str:
    body = "".join(f"    {line}\n" for line in (*[BOUNDED] * bounded, *lines))
    return f"def upgrade():\n{body}\n\ndef downgrade():\n    pass\n"


def run_sql(statement: str, *, bounded: bool = True) -> str:
    return step(f"op.execute({statement!r})", bounded=bounded)


def ask(observed: RoundTrip, *more: str) -> list[Finding]:
    return [
        finding._replace(rule=name)
        for name in (*RULES, *more)
        for finding in all_rules()[name].check(observed)
    ]


HARMLESS = {
    "a new table with all that belongs to it": run_sql(
        "CREATE TABLE t (id int PRIMARY KEY, a int); CREATE INDEX i ON t (a);"
        " ALTER TABLE t ALTER a SET NOT NULL; ALTER TABLE t ALTER a TYPE bigint"
    ),
    "a column without a default": run_sql("ALTER TABLE users ADD a int"),
    "a column with a constant default": run_sql("ALTER TABLE users ADD a int NOT NULL DEFAULT 1"),
    "a wider varchar": run_sql("ALTER TABLE users ALTER email TYPE text"),
    "a constraint that is not valid yet": run_sql(
        "ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0) NOT VALID"
    ),
    "a constraint that is validated": run_sql(
        "ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0) NOT VALID"
    ).replace(
        "\n\n\ndef down",
        "\n    with op.get_context().autocommit_block():"
        "\n        op.execute('ALTER TABLE users VALIDATE CONSTRAINT c')\n\n\ndef down",
    ),
    "an index built concurrently": step(
        "with op.get_context().autocommit_block():",
        "    op.create_index('i', 'users', ['age'], postgresql_concurrently=True)",
    ),
    "rows": run_sql("INSERT INTO users SELECT g FROM generate_series(1, 9) g"),
    "a table dropped": run_sql("DROP TABLE posts"),
    "a block that loads PL/pgSQL and its settings": run_sql("DO $$ BEGIN PERFORM 1; END $$"),
    "a table emptied": run_sql("TRUNCATE posts"),
    "rows changed before the lock": step(
        "op.execute('UPDATE users SET age = 1')", "op.add_column('users', sa.Column('a', sa.Text))"
    ),
}


@pytest.mark.parametrize("what", HARMLESS)
def test_silent_on_what_is_done_in_a_moment(project: ProjectMaker, what: str) -> None:
    observed = project(GROUND, HARMLESS[what]).run()

    assert not [each for each in observed.failures if each.during == "upgrade"]
    assert ask(observed) == []


class Loud(NamedTuple):
    """A revision, and what is found in it."""

    body: str
    rule: str
    message: str
    help: str


LOUD = (
    Loud(
        run_sql("CREATE INDEX ix_age ON users (age)"),
        "blocking-lock",
        "blocks writes on `users` during an index build (`ShareLock`)",
        "build `ix_age` without blocking writes",
    ),
    Loud(
        run_sql("ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0)"),
        "blocking-lock",
        "blocks reads and writes on `users` during a full scan (`AccessExclusiveLock`)",
        "add `c` with `postgresql_not_valid=True`",
    ),
    Loud(
        run_sql("ALTER TABLE users ADD CONSTRAINT u UNIQUE (email)"),
        "blocking-lock",
        "blocks reads and writes on `users`",
        "ALTER TABLE users ADD CONSTRAINT u UNIQUE USING INDEX",
    ),
    Loud(
        run_sql("ALTER TABLE users ALTER age SET NOT NULL"),
        "blocking-lock",
        "blocks reads and writes on `users` during a full scan",
        "ADD CONSTRAINT age_not_null CHECK (age IS NOT NULL) NOT VALID",
    ),
    Loud(
        step(
            "op.add_column('users', sa.Column('a', sa.Text))",
            "op.execute(\"UPDATE users SET a = 'x'\")",
        ),
        "blocking-lock",
        "blocks reads and writes on `users` while it changes rows",
        "change the rows in a separate revision",
    ),
    Loud(
        run_sql("ALTER TABLE users ALTER id TYPE bigint"),
        "table-rewrite",
        "rewrites `users`, which blocks reads and writes",
        "add a second column next to `id` of `users`",
    ),
    Loud(
        run_sql("ALTER TABLE users ADD token uuid DEFAULT gen_random_uuid()"),
        "table-rewrite",
        "rewrites `users`, which blocks reads and writes",
        "add `token` to `users` without the volatile default",
    ),
    Loud(
        run_sql("ALTER TABLE users ADD a int", bounded=False),
        "missing-lock-timeout",
        "waits for `AccessExclusiveLock` on `users` with no `lock_timeout`",
        "SET LOCAL lock_timeout",
    ),
)


@pytest.mark.parametrize("loud", LOUD, ids=lambda loud: loud.help[:40])
def test_only_what_grows_with_the_table_is_reported(project: ProjectMaker, loud: Loud) -> None:
    (finding,) = ask(project(GROUND, loud.body).run())

    assert (finding.rule, finding.revision) == (loud.rule, "r2")
    assert loud.message in finding.message
    assert loud.help in finding.help


def test_a_foreign_key_blocks_writes_to_both_tables(project: ProjectMaker) -> None:
    body = run_sql("ALTER TABLE posts ADD CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES users")
    findings = ask(project(GROUND, body).run())

    assert {each.rule for each in findings} == {"blocking-lock"}
    assert any("on `posts`" in each.message for each in findings)
    assert all("`ShareRowExclusiveLock`" in each.message for each in findings)


def test_the_line_is_that_of_the_call_through_helpers(project: ProjectMaker) -> None:
    body = """
        def widen(table):
            op.execute(
                f"ALTER TABLE {table} ALTER id TYPE bigint"
            )


        def upgrade():
            op.execute("SET LOCAL lock_timeout = '5s'")
            for table in ("users", "posts"):
                widen(table)


        def downgrade():
            pass
        """
    observed = project(GROUND, body).run()
    findings = ask(observed)

    assert [(each.rule, each.line) for each in findings] == [("table-rewrite", 6)] * 2
    step = observed.steps[1]
    assert step.rewrites == ("public.users", "public.posts")
    assert ("public.users", "AccessExclusiveLock", 6) in [
        (lock.table, lock.mode, line) for line, lock in step.locks
    ]


def test_reports_get_what_a_step_sends_when_and_what_it_makes(project: ProjectMaker) -> None:
    body = step(
        "op.execute(\"CREATE TYPE mood AS ENUM ('ok', 'bad')\")",
        "op.create_table('t', sa.Column('a', sa.Integer), sa.Column('m', sa.String(9)))",
        "op.execute(\"SELECT 'a % b'\")",
        "op.execute('SELECT ' + '1 + ' * 2000 + '1')",
        "op.execute('ALTER TABLE users ADD b int DEFAULT 7')",
    ).replace("def upgrade", "import sqlalchemy as sa\n\n\ndef upgrade", 1)
    seen = project(GROUND, body).run().steps[1]

    _, made, table, percent, long, added = seen.statements
    assert table.shown == "CREATE TABLE t (\n\ta INTEGER, \n\tm VARCHAR(9)\n)"
    assert percent.shown == "SELECT 'a % b'"
    assert (len(long.sql), len(long.shown)) == (300, 4002)
    assert (made.shown, added.shown) == ("", "")  # as `sql` has them
    starts = [each.started_ms for each in seen.statements]
    assert starts == sorted(starts)
    assert starts[0] > 0
    assert starts[-1] + added.ms <= (seen.upgrade_ms or 0.0)
    assert [(owner, each.kind, each.name, each.after) for owner, each in seen.new_parts] == [
        ("mood", "enum order", "mood", "'ok', 'bad'"),
        ("t", "column", "t.a", "integer"),
        ("t", "column", "t.m", "character varying(9)"),
    ]


def test_what_the_baseline_has_ran_long_ago(project: ProjectMaker) -> None:
    made = project(GROUND, run_sql("ALTER TABLE users ALTER id TYPE bigint", bounded=False))
    scope = made.environment.scope._replace(baseline="r2")
    made = made._replace(environment=made.environment._replace(scope=scope))

    assert ask(made.run()) == []


def test_a_statement_of_another_schema_is_named_with_it(project: ProjectMaker) -> None:
    made = 'CREATE SCHEMA "My App"; CREATE TABLE "My App"."T" (id int)'
    body = run_sql('ALTER TABLE "My App"."T" ALTER id TYPE bigint')
    (finding,) = ask(project(run_sql(made), body).run())

    assert '`"My App"."T"`' in finding.message


# One history has them all: what one revision did must not be charged to the next either.
BLOCK = "with op.get_context().autocommit_block():"
LIMITS = (
    "    op.execute(\"SET lock_timeout = '5s'\")",
    "    op.execute(\"SET statement_timeout = '9s'\")",
)
RESETS = ('    op.execute("RESET lock_timeout")', '    op.execute("RESET statement_timeout")')


def alone(*statements: str, rest: tuple[str, ...] = ()) -> str:
    """Return a revision with statements in an `autocommit_block()`, and others after it."""
    lines = [f"    op.execute({each!r})" for each in statements]
    again = [f"op.execute({each!r})" for each in rest]
    return step(BLOCK, *LIMITS, *lines, *RESETS, BOUNDED, *again)


MORE_GROUND = """
def upgrade():
    for each in (
        "CREATE TABLE parts (id int) PARTITION BY LIST (id)",
        "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1)",
        "CREATE TABLE parts_2 PARTITION OF parts FOR VALUES IN (2)",
        "CREATE INDEX ON parts_2 (id)",
        "CREATE TABLE days (id int) PARTITION BY LIST (id)",
        "CREATE TABLE days_1 PARTITION OF days FOR VALUES IN (1)", "CREATE INDEX ON days (id)",
        "CREATE TABLE old (a int)", "CREATE INDEX ix_old ON old (a)",
        "CREATE INDEX ix_one ON users (stamp)", "CREATE INDEX ix_two ON users (stamp)",
        "CREATE FUNCTION touched() RETURNS trigger AS 'BEGIN RETURN NEW; END' LANGUAGE plpgsql",
        "CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users)",
        "CREATE PROCEDURE build() LANGUAGE plpgsql AS"
        " 'BEGIN COMMIT; CREATE INDEX ix_called ON users (age); COMMIT; END'",
    ):
        op.execute(each)


def downgrade():
    op.execute("DROP TABLE orders, old, parts, days CASCADE")
    op.execute("DROP FUNCTION touched() CASCADE")
    op.execute("DROP PROCEDURE build()")
"""
INDEX = "CREATE INDEX CONCURRENTLY ix_age ON users (age)"
TRIGGER = "CREATE TRIGGER {} BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touched()"
SEEN_AS_THEY_ARE = (
    ("an index, and then a column", alone(INDEX, rest=("ALTER TABLE users ADD a int",)), ""),
    (
        "a unique index, and then its constraint",
        alone(
            "CREATE UNIQUE INDEX CONCURRENTLY uq ON users (email)",
            rest=("ALTER TABLE users ADD CONSTRAINT uq UNIQUE USING INDEX uq",),
        ),
        "",
    ),
    (
        "a check that is validated, and then NOT NULL",
        alone(
            "ALTER TABLE users ADD CONSTRAINT aged CHECK (age IS NOT NULL) NOT VALID",
            "ALTER TABLE users VALIDATE CONSTRAINT aged",
            rest=("ALTER TABLE users ALTER age SET NOT NULL",),
        ),
        "",
    ),
    (
        "rows inserted, whose foreign key is checked, and then a column",
        run_sql("INSERT INTO users (id, age) VALUES (1, 1)").replace(
            "\n\n\ndef down",
            "\n    op.execute('INSERT INTO orders VALUES (1, 1)')"
            "\n    op.execute('ALTER TABLE users ADD b int')\n\n\ndef down",
        ),
        "",
    ),
    ("an index dropped concurrently", alone("DROP INDEX CONCURRENTLY ix_one"), ""),
    (
        "a partition detached concurrently",
        alone("ALTER TABLE parts DETACH PARTITION parts_1 CONCURRENTLY"),
        "",
    ),
    ("indexes rebuilt concurrently", alone("REINDEX TABLE CONCURRENTLY days"), ""),
    ("a weak lock", run_sql("LOCK TABLE users IN SHARE UPDATE EXCLUSIVE MODE"), ""),
    ("a plain vacuum", alone("VACUUM users"), ""),
    ("a trigger in a transaction of its own", alone(TRIGGER.format("t1")), ""),
    (
        "an index dropped along with its table",
        step("op.drop_index('ix_old', 'old')", "op.drop_table('old')"),
        "",
    ),
    (
        "COMMIT by hand between a lock and a scan",
        step(
            "op.execute('ALTER TABLE users ADD c int')",
            "op.execute('COMMIT')",
            "op.execute('UPDATE users SET age = 1')",
        ),
        "",
    ),
    (
        "an index",
        alone("CREATE INDEX ix_plain ON users (age)"),
        "blocks writes on `users` during an index build (`ShareLock`)",
    ),
    (
        "an index after COMMIT by hand",
        step(
            "op.execute('COMMIT')",
            *(line.strip() for line in LIMITS),
            "op.execute('CREATE INDEX ix_hand ON users (age)')",
            *(line.strip() for line in RESETS),
        ),
        "blocks writes on `users` during an index build (`ShareLock`)",
    ),
    (
        "an index dropped",
        run_sql("DROP INDEX ix_two"),
        "blocks reads and writes on `users` during `DROP INDEX`",
    ),
    (
        "a partition detached",
        run_sql("ALTER TABLE parts DETACH PARTITION parts_2"),
        "blocks reads and writes on `parts` during `DETACH PARTITION`",
    ),
    (
        "a lock",
        run_sql("LOCK TABLE users"),
        "blocks reads and writes on `users` during `LOCK TABLE`",
    ),
    (
        "indexes rebuilt, which cannot be in a transaction",
        alone("REINDEX TABLE days"),
        "blocks writes on `days_1` during a full scan (`ShareLock`)",
    ),
    (
        "an index built by a procedure that commits",
        alone("CALL build()"),
        "blocks writes on `users` during a full scan (`ShareLock`)",
    ),
    (
        "a full vacuum",
        alone("VACUUM FULL users"),
        "blocks reads and writes on `users` during `VACUUM FULL` (`AccessExclusiveLock`)",
    ),
    (
        "a trigger",
        run_sql(TRIGGER.format("t2")),
        "blocks writes on `users` during `CREATE TRIGGER` (`ShareRowExclusiveLock`)",
    ),
    (
        "no statement timeout",
        step(
            "op.execute(\"SET LOCAL lock_timeout = '5s'\")",
            "op.execute('ALTER TABLE users ADD e int')",
            bounded=False,
        ),
        "holds `AccessExclusiveLock` on `users` with no `statement_timeout`",
    ),
    (
        "a setting of the session",
        step("op.execute('SET work_mem = 65536')", "op.execute(\"SET app.tenant = 'a'\")",
             "op.execute('RESET app.tenant')"),
        "leaves `work_mem` at `65536` for every later revision (before: `4096`)",
    ),
    (
        "a setting by a function",
        step("op.execute(\"SELECT set_config('app.user', 'b', false)\")"),
        "leaves `app.user` at `b`",
    ),
)  # fmt: skip


def test_each_statement_is_seen_as_it_is(project: ProjectMaker) -> None:
    observed = project(GROUND, MORE_GROUND, *(body for _, body, _ in SEEN_AS_THEY_ARE)).run()
    found = {f"r{at}": what for at, (what, _, _) in enumerate(SEEN_AS_THEY_ARE, start=3)}
    expected = {what: message for what, _, message in SEEN_AS_THEY_ARE if message}
    messages: dict[str, list[str]] = {}
    for each in ask(observed, "missing-statement-timeout"):
        if each.revision in found:
            messages.setdefault(found[each.revision], []).append(each.message)

    assert not [each for each in observed.failures if each.during == "upgrade"]
    assert {what: len(each) for what, each in messages.items()} == dict.fromkeys(expected, 1)
    for what, message in expected.items():
        assert message in messages[what][0]


def test_a_scan_counts_where_the_server_has_reset_its_counters(empty_database: str) -> None:
    """It does so at the end of a transaction, a second after it did so before."""
    engine = create_engine(empty_database, poolclass=NullPool)
    watch = Watch()
    watch.listen()
    with engine.connect() as connection:
        for statement in ("CREATE TABLE users (id int)", "SELECT count(*) FROM users"):
            connection.exec_driver_sql(statement)
            connection.commit()
        watch.begin(connection.connection, __file__, "alembic_version")
        time.sleep(1.1)
        connection.connection.commit()
        connection.exec_driver_sql("CREATE INDEX i ON users (id)")
        (seen,) = watch.end()
        watch.forget()

    assert seen["scans"] == ["public.users"]
