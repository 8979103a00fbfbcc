"""Populated tables in a round trip: what passes, what is reported, and which tables get rows."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from revgate.roundtrip.observed import AGAIN
from revgate.rules import WARNING, all_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from revgate.findings import Finding
    from revgate.roundtrip.observed import RoundTrip

    ProjectMaker = Callable[..., Any]

COMPARES_SNAPSHOTS = True

RULES = ("fails-on-rows", "rows-lost")
GROUND = """
def upgrade():
    op.execute("CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL, age int)")
    op.execute(
        "CREATE TABLE posts (id int PRIMARY KEY, user_id int NOT NULL REFERENCES users, title text)"
    )
    op.execute("CREATE TABLE kinds (id int PRIMARY KEY, name text NOT NULL UNIQUE)")
    op.execute("INSERT INTO kinds VALUES (1, 'one'), (2, 'two'), (3, 'three')")


def downgrade():
    op.execute("DROP TABLE posts, users, kinds")
"""


def step(*lines: str) -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return f"def upgrade():\n{body}\n\ndef downgrade():\n    pass\n"


def run_sql(*statements: str) -> str:
    return step(*(f"op.execute({each!r})" for each in statements))


def ask(observed: RoundTrip) -> list[Finding]:
    return [
        finding._replace(rule=name)
        for name in RULES
        for finding in all_rules()[name].check(observed)
    ]


HARMLESS = {
    "a column that takes null": run_sql("ALTER TABLE users ADD plan text"),
    "a column with a default": run_sql("ALTER TABLE users ADD plan text NOT NULL DEFAULT 'free'"),
    "a column that is filled before it is not null": run_sql(
        "ALTER TABLE users ADD plan text",
        "UPDATE users SET plan = 'free'",
        "ALTER TABLE users ALTER plan SET NOT NULL",
    ),
    "a unique constraint after what is double was made to differ": run_sql(
        "UPDATE users SET email = email || id", "ALTER TABLE users ADD UNIQUE (email)"
    ),
    "a constraint that is not valid yet": run_sql(
        "ALTER TABLE users ADD CHECK (age > 100) NOT VALID"
    ),
    "a constraint on a new column": run_sql(
        "ALTER TABLE users ADD plan text DEFAULT 'free' CHECK (plan IN ('free', 'paid'))"
    ),
    "not null where it already is": run_sql("ALTER TABLE posts ALTER user_id SET NOT NULL"),
    "a foreign key to the same rows": run_sql(
        "ALTER TABLE posts ADD CONSTRAINT again FOREIGN KEY (user_id) REFERENCES users"
    ),
    "a wider type": run_sql("ALTER TABLE posts ALTER id TYPE bigint"),
    "more rows of the revision's own": run_sql(
        "INSERT INTO users (id, email) VALUES (1, 'root')",
        "INSERT INTO users (email) VALUES ('second') ON CONFLICT DO NOTHING",
        "INSERT INTO kinds VALUES (4, 'four')",
    ),
    "rows that an earlier revision put there": run_sql("DELETE FROM kinds", "DROP TABLE kinds"),
    "a table of the revision's own": run_sql(
        "CREATE TABLE t AS SELECT * FROM users", "DELETE FROM t", "DROP TABLE t"
    ),
    "a rename": run_sql("ALTER TABLE posts RENAME TO articles"),
    "rows copied into a new table": run_sql(
        "CREATE TABLE articles (id int PRIMARY KEY, user_id int, title text)",
        "INSERT INTO articles SELECT * FROM posts",
        "DROP TABLE posts",
    ),
    "no row that is like that": run_sql("DELETE FROM users WHERE age > 1000"),
}


@pytest.mark.parametrize("what", HARMLESS)
def test_silent_on_what_works_with_rows(project: ProjectMaker, what: str) -> None:
    observed = project(GROUND, HARMLESS[what]).run()

    # Their downgrades do nothing, so that the second upgrade of some fails.
    assert {each.during for each in observed.failures} <= {AGAIN}
    assert ask(observed) == []
    assert observed.steps[1].rows.filled == 3


class Loud(NamedTuple):
    """A revision, and what is found in it."""

    body: str
    rule: str
    message: str
    help: str
    line: int = 6


LOUD = (
    Loud(
        step("op.add_column('users', sa.Column('plan', sa.Text, nullable=False))"),
        "fails-on-rows",
        'works on empty tables and fails on tables that have rows: column "plan" of relation',
        "add the column as nullable",
    ),
    Loud(
        run_sql("ALTER TABLE users ALTER age SET NOT NULL"),
        "fails-on-rows",
        "contains null values",
        "backfill it, then set it `NOT NULL`",
    ),
    Loud(
        run_sql("SELECT 1", "ALTER TABLE users ADD CONSTRAINT u UNIQUE (email)"),
        "fails-on-rows",
        'could not create unique index "u"',
        "remove duplicates from existing rows",
        7,
    ),
    Loud(
        run_sql("CREATE UNIQUE INDEX u ON posts (title) WHERE title IS NOT NULL"),
        "fails-on-rows",
        'could not create unique index "u"',
        "remove duplicates from existing rows",
    ),
    Loud(
        run_sql("ALTER TABLE users ADD CHECK (age > 100)"),
        "fails-on-rows",
        "is violated by some row",
        "make existing rows satisfy the check constraint",
    ),
    Loud(
        run_sql("ALTER TABLE users ALTER email TYPE int USING email::int"),
        "fails-on-rows",
        "invalid input syntax for type integer",
        "make it work on any rows that the schema",
    ),
    Loud(
        run_sql("DELETE FROM posts"),
        "rows-lost",
        "deletes rows of `posts` (3 of 3 test rows lost)",
        "copy the rows",
    ),
    Loud(run_sql("TRUNCATE posts"), "rows-lost", "deletes rows of `posts`", "copy the rows"),
    Loud(
        run_sql("SELECT 1", "DROP TABLE posts"),
        "rows-lost",
        "drops `posts` and its rows (3 of 3 test rows lost)",
        "copy the rows of `posts` to another table first",
        7,
    ),
    Loud(
        run_sql("ALTER TABLE posts RENAME TO articles", "DELETE FROM articles WHERE title IS NULL"),
        "rows-lost",
        "deletes rows of `posts` (1 of 3 test rows lost)",
        "copy the rows",
        7,
    ),
)


@pytest.mark.parametrize("case", LOUD, ids=lambda case: case.body[23:70])
def test_fires_at_the_statement_that_meets_rows(project: ProjectMaker, case: Loud) -> None:
    observed = project(GROUND, case.body).run()

    (found,) = ask(observed)
    assert found.rule == case.rule
    assert case.message in found.message
    assert case.help in found.help
    assert (found.path, found.line) == ("migrations/versions/r2.py", case.line)


def test_without_rows_nothing_is_found(project: ProjectMaker) -> None:
    observed = project(GROUND, LOUD[0].body, run_sql("DROP TABLE posts")).run(rows=False)

    assert ask(observed) == []
    assert [each.rows for each in observed.steps] == [None] * 3


def test_what_follows_a_failure_is_still_checked(project: ProjectMaker) -> None:
    observed = project(
        GROUND,
        run_sql("ALTER TABLE users ADD plan text NOT NULL"),
        run_sql("ALTER TABLE users ADD UNIQUE (age)", "ALTER TABLE users ADD UNIQUE (email)"),
        run_sql("ALTER TABLE posts ADD slug text"),
        run_sql("DELETE FROM posts"),
    ).run()

    found = [(each.rule, each.path[-5:-3], each.line) for each in ask(observed)]
    assert found == [
        ("fails-on-rows", "r2", 6),
        ("fails-on-rows", "r3", 6),
        ("rows-lost", "r5", 6),
    ]
    assert observed.notes == ("env.py names no `target_metadata`, so no models were compared",)


def test_columns_that_were_added_since_have_values_too(project: ProjectMaker) -> None:
    observed = project(
        GROUND,
        run_sql(
            "ALTER TABLE users ADD code text CHECK (length(code) = 7)",
            "ALTER TABLE users ADD kind int REFERENCES kinds",
        ),
        run_sql("ALTER TABLE users ADD UNIQUE (kind)"),
        run_sql("ALTER TABLE users ADD UNIQUE (code)"),
        run_sql("ALTER TABLE users ALTER code SET NOT NULL"),
    ).run()

    found = [(each.rule, each.path[-5:-3], each.message) for each in ask(observed)]
    assert [each[:2] for each in found] == [
        ("fails-on-rows", "r3"), ("fails-on-rows", "r4"), ("fails-on-rows", "r5")
    ]  # fmt: skip
    assert "could not create unique index" in found[1][2]
    assert "contains null values" in found[2][2]


def test_revisions_of_the_target_branch_are_run_and_not_checked(project: ProjectMaker) -> None:
    made = project(GROUND, LOUD[0].body, run_sql("DELETE FROM posts"))

    observed = made.run(new=frozenset({"r3"}))

    assert [each.rule for each in ask(observed)] == ["rows-lost"]
    assert [each.rows and each.rows.total for each in observed.steps] == [None, None, 3]


def test_revisions_up_to_the_baseline_are_run_and_not_checked(project: ProjectMaker) -> None:
    made = project(GROUND, LOUD[0].body, run_sql("DELETE FROM posts"))
    scope = made.environment.scope._replace(baseline="r2")

    observed = made._replace(environment=made.environment._replace(scope=scope)).run()

    assert [each.rule for each in ask(observed)] == ["rows-lost"]
    assert [each.rows is None for each in observed.steps] == [True, True, False]


def test_what_fails_on_empty_tables_is_not_blamed_on_rows(project: ProjectMaker) -> None:
    observed = project(
        GROUND, LOUD[0].body, run_sql("SELECT 1 / 0"), run_sql("DELETE FROM posts")
    ).run()

    assert [(each.rule, each.revision) for each in ask(observed)] == [("fails-on-rows", "r2")]
    assert "not run because `r3` failed: `r4`" in observed.notes


def test_a_role_of_a_revision_does_not_disturb_what_follows_a_failure(
    project: ProjectMaker,
) -> None:
    observed = project(
        run_sql("CREATE ROLE revgate_rows_reader").replace("pass", "op.execute('DROP ROLE"
        " revgate_rows_reader')"),
        GROUND,
        LOUD[0].body,
        run_sql("DELETE FROM posts"),
    ).run()  # fmt: skip

    assert [each.rule for each in ask(observed)] == ["fails-on-rows", "rows-lost"]


def test_what_gets_no_rows_is_a_note(project: ProjectMaker) -> None:
    observed = project(
        GROUND,
        run_sql(
            "CREATE TABLE a (id int PRIMARY KEY CHECK (id > 5 AND id < 5))",
            "CREATE TABLE b (a int NOT NULL REFERENCES a)",
            "CREATE TABLE c (a int NOT NULL REFERENCES a)",
            "CREATE TABLE ruled (a int)",
            "CREATE RULE r AS ON INSERT TO ruled DO INSTEAD NOTHING",
        ),
        run_sql("SELECT 1"),
    ).run()

    assert [each for each in observed.notes if "rows" in each] == [
        (
            "no rows could be inserted into `a`: no values were found that satisfy its check"
            " `a_id_check`"
        ),
        "no rows could be inserted into `b`, `c`: `a` has no rows to reference",
        "no rows could be inserted into `ruled`: a trigger or a rule discards inserted rows",
    ]
    rows = observed.steps[2].rows
    assert (rows.filled, rows.total) == (3, 7)
    assert {name for name, _ in rows.unfilled} == {f"public.{n}" for n in
                                                            ("a", "b", "c", "ruled")}  # fmt: skip


def test_what_could_not_be_filled_is_judged_by_what_is_done_to_it(project: ProjectMaker) -> None:
    tables = [
        f"CREATE TABLE {name} (id int NOT NULL, a text, b text, c text CHECK (c IS NOT NULL))"
        " PARTITION BY RANGE (id)"
        for name in ("logs", "events")
    ]
    observed = project(
        GROUND,
        run_sql(*tables),
        # All of it may be done to rows.
        run_sql(
            "ALTER TABLE logs ADD d text",
            "ALTER TABLE logs ADD e text NOT NULL DEFAULT ''",
            "ALTER TABLE logs RENAME id TO number",
            "ALTER TABLE logs ALTER c SET NOT NULL",
            "CREATE INDEX ON logs (a)",
            "UPDATE events SET a = '' WHERE a IS NULL",
            "ALTER TABLE events ALTER a SET NOT NULL",
        ),
        step("op.add_column('logs', sa.Column('plan', sa.Text, nullable=False))"),
        run_sql("SELECT 1", "ALTER TABLE logs ALTER b SET NOT NULL"),
        run_sql("SELECT 1", "SELECT 2", "CREATE UNIQUE INDEX ON events (id, b)"),
    ).run()

    found = ask(observed)
    assert [(each.rule, each.path[-5:-3], each.line) for each in found] == [
        ("fails-on-rows", "r4", 6), ("fails-on-rows", "r5", 7), ("fails-on-rows", "r6", 8),
    ]  # fmt: skip
    assert {each.severity for each in found} == {WARNING}
    assert found[0].message == (
        "`upgrade()` of `r4` adds `plan` of `logs` as `NOT NULL` without a default, which may fail"
        " on rows; the table could not be filled: it has no partitions"
    )
    assert "sets `b` of `logs` `NOT NULL`" in found[1].message
    assert "makes `id`, `b` of `events` unique" in found[2].message


def test_rows_that_go_where_another_table_takes_them_are_not_lost(project: ProjectMaker) -> None:
    observed = project(
        GROUND,
        step(
            "op.create_table('archive', sa.Column('id', sa.Integer), sa.Column('t', sa.Text))",
            "rows = op.get_bind().execute(sa.text('SELECT id, title FROM posts')).all()",
            "for id_, title in rows:",
            "    op.get_bind().execute(sa.text('INSERT INTO archive VALUES (:a, :b)'),"
            " {'a': id_, 'b': title})",
            "op.execute('DELETE FROM posts')",
        ),
        run_sql(
            "WITH moved AS (DELETE FROM archive RETURNING *)"
            " INSERT INTO posts SELECT id + 9000, (SELECT min(id) FROM users), t FROM moved"
        ),
        run_sql(
            "ALTER TABLE posts RENAME TO old",
            "CREATE TABLE posts (LIKE old) PARTITION BY RANGE (id)",
            "CREATE TABLE posts_1 PARTITION OF posts DEFAULT",
            "INSERT INTO posts SELECT * FROM old",
            "DROP TABLE old",
        ),
    ).run()

    assert {each.during for each in observed.failures} == {"upgrade again"}
    assert ask(observed) == []


def test_a_partition_is_lost_when_dropped_and_not_when_detached(project: ProjectMaker) -> None:
    observed = project(
        run_sql(
            "CREATE TABLE logs (at date NOT NULL) PARTITION BY RANGE (at)",
            "CREATE TABLE logs_1 PARTITION OF logs"
            " FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
            "CREATE TABLE logs_2 PARTITION OF logs"
            " FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')",
        ),
        run_sql("ALTER TABLE logs DETACH PARTITION logs_2"),
        run_sql("DROP TABLE logs_2"),
    ).run()

    assert [(each.path[-5:-3], "drops `logs_2`" in each.message) for each in ask(observed)] == [
        ("r3", True)
    ]


IGNORED = "missing-lock-timeout,blocking-lock,unbounded-change"
ALLOWED = """
def upgrade():
    # revgate: allow[fails-on-rows] there are no users yet
    op.execute("ALTER TABLE users ADD plan text NOT NULL")


def downgrade():
    op.execute("ALTER TABLE users DROP plan")
"""


def run_command(made: Any, *arguments: str) -> dict[str, Any]:
    subprocess.run(["git", "init", "-q"], cwd=made.root, check=True)
    command = ["revgate", "roundtrip", "--format", "json", "--ignore", IGNORED]
    done = subprocess.run(
        [sys.executable, "-m", *command, "--database-url", made.server_url, *arguments],
        cwd=made.root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told | {"code": done.returncode}


def test_the_command_line_can_do_without_rows(project: ProjectMaker) -> None:
    made = project(GROUND, LOUD[0].body.replace("pass", "op.drop_column('users', 'plan')"))

    told = run_command(made)
    assert [each["rule"] for each in told["findings"]] == ["fails-on-rows"]
    assert told["code"] == 1

    told = run_command(made, "--no-rows")
    assert told["findings"] == []
    assert told["code"] == 0


@pytest.mark.parametrize("arguments", [(), ("--no-rows",)])
def test_an_allow_applies_and_is_not_reported_as_unused(
    project: ProjectMaker, arguments: tuple[str, ...]
) -> None:
    told = run_command(project(GROUND, ALLOWED), *arguments)

    assert told["findings"] == []
    assert told["summary"]["allowed"] == 1 - len(arguments)
