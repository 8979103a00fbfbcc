"""Each live rule on a real server: where it must stay silent, and where it must fire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from revgate.findings import WARNING
from revgate.roundtrip.observed import Rows
from revgate.rules import LIVE, all_rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from revgate.findings import Finding

    ProjectMaker = Callable[..., Any]

COMPARES_SNAPSHOTS = True

TABLE = """
def upgrade():
    op.create_table("users", sa.Column("id", sa.Integer, primary_key=True),
                    sa.Column("email", sa.String(50), index=True))


def downgrade():
    op.drop_table("users")
"""
MORE = """
def upgrade():
    op.create_table("posts", sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table("posts")
"""

# Asked in a file of their own: nearly every change of a table takes a lock.
OF_STATEMENTS = ("blocking-lock", "missing-lock-timeout", "table-rewrite")


def change(up: str, down: str = "pass") -> str:
    return f"def upgrade():\n    {up}\n\n\ndef downgrade():\n    {down}\n"


def sql(up: str, down: str = "SELECT 1") -> str:
    return change(f"op.execute({up!r})", f"op.execute({down!r})")


def ask(observed: object) -> list[Finding]:
    return [
        finding._replace(rule=rule.name)
        for rule in all_rules().values()
        if rule.group is LIVE and rule.enabled and rule.name not in OF_STATEMENTS
        for finding in rule.check(observed)
    ]


def test_a_history_that_runs_both_ways_is_clean(project: ProjectMaker) -> None:
    observed = project(TABLE, MORE).run(expect_tables=2)

    assert ask(observed) == []
    assert [(each.name, each.tables) for each in observed.passes] == [
        ("upgrade", 2),
        ("downgrade", 0),
        ("upgrade again", 2),
        ("production", 2),
    ]
    first = observed.steps[0]
    assert first.upgrade_ms is not None
    assert first.upgrade_ms > 0
    assert first.locks == ()
    assert first.rows == Rows(0, 0)


def test_an_enum_created_along_with_its_table_is_clean(project: ProjectMaker) -> None:
    body = change(
        "op.create_table('t', sa.Column('mood', sa.Enum('ok', 'bad', name='mood')))",
        "op.drop_table('t'); op.execute('DROP TYPE mood')",
    )
    assert ask(project(TABLE, body).run()) == []


def test_upgrade_fails_at_the_line_that_issued_the_statement(project: ProjectMaker) -> None:
    broken = """
        def helper():
            op.execute(
                "CREATE INDEX ix ON user (email)"
            )


        def upgrade():
            helper()


        def downgrade():
            pass
        """
    observed = project(TABLE, broken, MORE).run()
    (finding,) = ask(observed)

    assert (finding.rule, finding.revision, finding.line) == ("upgrade-fails", "r2", 6)
    assert finding.path == "migrations/versions/r2.py"
    assert 'syntax error at or near "user"' in finding.message
    assert "CREATE INDEX ix ON user" in finding.help
    assert "42601" in finding.help
    assert any("r3" in note for note in observed.notes)
    assert [each.name for each in observed.passes] == ["upgrade", "downgrade", "upgrade again"]


def test_a_python_error_is_reported_as_one(project: ProjectMaker) -> None:
    (finding,) = ask(project(change("op.no_such_operation()", "pass")).run())

    assert finding.rule == "upgrade-fails"
    assert "AttributeError" in finding.message
    assert finding.line == 6


def test_an_error_that_the_revision_catches_is_the_cause(project: ProjectMaker) -> None:
    """The statement after it only gets "current transaction is aborted"."""
    catches = """
        def upgrade():
            try:
                op.execute("SELECT * FROM nowhere")
            except Exception:
                pass
            op.execute("CREATE TABLE late ()")


        def downgrade():
            op.execute("DROP TABLE late")
        """
    (finding,) = ask(project(TABLE, catches).run(rows=False))

    assert (finding.rule, finding.revision, finding.line) == ("upgrade-fails", "r2", 7)
    assert "nowhere" in finding.message


def test_a_raise_on_purpose_is_not_to_be_corrected(project: ProjectMaker) -> None:
    """And its message is the same in every run."""
    raises = change("op.execute('CREATE TABLE a ()')", "raise ValueError(object())")
    extension = sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    left, finding = sorted(
        ask(project(TABLE, extension, raises).run(rows=False)), key=lambda each: each.revision or ""
    )

    assert (finding.rule, finding.revision) == ("downgrade-fails", "r3")
    assert finding.message.endswith("ValueError: <object object>")
    assert "allow[raising-downgrade]" in finding.help
    assert (left.rule, left.severity) == ("downgrade-residue", WARNING)


def test_a_column_that_comes_back_plainly_is_one_finding(project: ProjectMaker) -> None:
    table = change(
        "op.create_table('users', sa.Column('email', sa.String(50), nullable=False, index=True,"
        " server_default='x', unique=True, comment='mail'),"
        " sa.Column('age', sa.Integer, index=True),"
        " sa.CheckConstraint('length(email) > 1', name='ck'))",
        "op.drop_table('users')",
    )
    plain = change(
        "op.drop_column('users', 'email'); op.drop_index('ix_users_age')",
        "op.add_column('users', sa.Column('email', sa.String(50)))",
    )
    found = ask(project(table, plain).run(rows=False))
    index, column = (each for each in found if each.rule.startswith("downgrade-"))

    assert column.rule == "downgrade-residue"
    assert "column `users.email`" in column.message
    said = " ".join(each.message for each in column.related)
    for each in ("comment", "ck", "default", "`ix_users_email`"):
        assert each in said, said
    assert "ix_users_email" in column.help
    assert "`ix_users_age`" in index.message


PARTITIONED = sql(
    "CREATE TABLE m (id int, kind int, note text) PARTITION BY HASH (id);"
    "CREATE TABLE m0 PARTITION OF m FOR VALUES WITH (MODULUS 1, REMAINDER 0);"
    "CREATE TABLE n (kind int, a int, b int, c int, CHECK (a > b));"
    "CREATE INDEX n1 ON n (a, (b + 1)); CREATE INDEX n2 ON n ((c * 2));"
    "CREATE INDEX m1 ON m (kind)",
    "DROP TABLE m; DROP TABLE n",
)


MISSING = "`upgrade()` of `r2` and is missing after its `downgrade()`"


def test_one_cause_is_one_finding(project: ProjectMaker) -> None:
    changed = sql(
        "ALTER TABLE m DROP note; DROP INDEX n1, n2, m1",
        "ALTER TABLE m ADD note varchar(5) DEFAULT 'x', ADD extra int; TRUNCATE m",
    )
    retyped = sql(
        "ALTER TABLE n ALTER kind TYPE jsonb USING to_jsonb(kind)",
        "ALTER TABLE n ALTER kind TYPE int USING NULL",
    )
    found = ask(project(PARTITIONED, changed, retyped).run())
    told = [(each.rule, each.message.partition("` ")[2].partition(":")[0]) for each in found]
    assert sorted(told) == [
        ("breaks-running-code", "of `r2` breaks code that still uses `m.note`"),
        ("breaks-running-code", "of `r3` breaks code that still compares `n.kind` with `1`"),
        ("downgrade-loss", f"existed before {MISSING}"),
        ("downgrade-loss", f"existed before {MISSING}"),
        ("downgrade-residue", "of `r2` leaves the column `m.extra` behind"),
        (
            "downgrade-residue",
            "of `r2` leaves the column `m.note` as `character varying(5)`, before",
        ),
        ("rows-lost", "of `r2` deletes rows of `m` (4 of 4 test rows lost)"),
    ]
    related = {each.message for finding in found for each in finding.related}
    assert len(related) == 4
    assert "the index `n2` is not restored as well" in related
    assert "the default of `m.note` is left behind as well" in related


RENAMES = """
old_enum = sa.Enum("a", name="kind")
new_enum = sa.Enum("a", "b", name="kind_new")


def upgrade():
    new_enum.create(op.get_bind(), checkfirst=False)
    op.execute("ALTER TABLE t ALTER c TYPE kind_new USING c::text::kind_new")
    old_enum.drop(op.get_bind(), checkfirst=False)
    op.execute("ALTER TYPE kind_new RENAME TO kind")


def downgrade():
    old_enum.name = "kind_old"
    old_enum.create(op.get_bind(), checkfirst=False)
    op.execute("ALTER TABLE t ALTER c TYPE kind_old USING NULL::kind_old")
    new_enum.name = "kind"
    new_enum.drop(op.get_bind(), checkfirst=False)
    op.execute("ALTER TYPE kind_old RENAME TO kind")
"""


def test_each_function_runs_as_in_a_process_of_its_own(project: ProjectMaker) -> None:
    base = sql(
        "CREATE TYPE kind AS ENUM ('a'); CREATE TABLE t (c kind)", "DROP TABLE t; DROP TYPE kind"
    )
    observed = project(base, RENAMES).run()
    assert observed.failures == ()


def test_a_downgrade_that_fails_hides_no_other(project: ProjectMaker) -> None:
    raises = change(
        "op.add_column('users', sa.Column('a', sa.Integer))", "raise NotImplementedError"
    )
    leaves = sql("CREATE SEQUENCE numbers")
    findings = ask(project(TABLE, leaves, raises, MORE).run())

    assert [(each.rule, each.revision) for each in findings] == [
        ("downgrade-fails", "r3"),
        ("downgrade-residue", "r2"),
        ("reupgrade-fails", "r2"),
    ]
    assert findings[0].line == 10
    assert "NotImplementedError" in findings[0].message


def test_postgresqls_detail_and_hint_are_passed_on(project: ProjectMaker) -> None:
    wrong = sql("CREATE VIEW v AS SELECT id FROM users", "DROP TABLE users")
    findings = ask(project(TABLE, wrong).run())

    assert findings[0].rule == "downgrade-fails"
    assert "other objects depend on it" in findings[0].message
    assert "DETAIL: view v depends on table users" in findings[0].help
    assert "HINT: Use DROP ... CASCADE" in findings[0].help


RESIDUES = {
    "table": (sql("CREATE TABLE t (id serial PRIMARY KEY)"), 'op.drop_table("t")'),
    "column": (sql("ALTER TABLE users ADD COLUMN a int DEFAULT 1"), 'op.drop_column("users", "a")'),
    "type": (sql("CREATE TYPE mood AS ENUM ('ok')"), 'op.execute("DROP TYPE mood")'),
    "domain": (sql("CREATE DOMAIN d AS int CHECK (value > 0)"), 'op.execute("DROP DOMAIN d")'),
    "sequence": (sql("CREATE SEQUENCE s"), 'op.execute("DROP SEQUENCE s")'),
    "function": (
        sql("CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a'"),
        'op.execute("DROP FUNCTION f(a integer)")',
    ),
    "procedure": (
        sql("CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1'"),
        'op.execute("DROP PROCEDURE p()")',
    ),
    "view": (sql("CREATE VIEW v AS SELECT id FROM users"), 'op.execute("DROP VIEW v")'),
    "materialized view": (
        sql("CREATE MATERIALIZED VIEW m AS SELECT 1 AS one"),
        'op.execute("DROP MATERIALIZED VIEW m")',
    ),
    "index": (sql("CREATE INDEX i ON users (id, email)"), 'op.execute("DROP INDEX i")'),
    "constraint": (
        sql("ALTER TABLE users ADD CONSTRAINT k CHECK (id > 0)"),
        'op.drop_constraint("k", "users")',
    ),
    "default": (
        sql("ALTER TABLE users ALTER email SET DEFAULT 'x'"),
        'op.alter_column("users", "email", server_default=None)',
    ),
    "schema": (sql("CREATE SCHEMA app"), 'op.execute("DROP SCHEMA app")'),
    "trigger": (
        sql(
            "CREATE TRIGGER g BEFORE UPDATE ON users FOR EACH ROW"
            " EXECUTE FUNCTION suppress_redundant_updates_trigger()"
        ),
        'op.execute("DROP TRIGGER g ON users")',
    ),
}


@pytest.mark.parametrize("kind", RESIDUES)
def test_residue_of_each_kind_is_reported_with_the_line_to_write(
    project: ProjectMaker, kind: str
) -> None:
    body, line = RESIDUES[kind]
    # `IF NOT EXISTS` everywhere would be another test: the second upgrade may fail here.
    observed = project(TABLE, body, MORE).run()
    residues = [each for each in ask(observed) if each.rule == "downgrade-residue"]

    assert [(each.revision, each.line) for each in residues] == [("r2", 9)]
    assert line in residues[0].help
    assert f"{kind} " in residues[0].message


def test_an_enum_label_that_stays_is_residue(project: ProjectMaker) -> None:
    made = sql("CREATE TYPE mood AS ENUM ('ok')", "DROP TYPE mood")
    added = sql("ALTER TYPE mood ADD VALUE 'bad'")
    findings = ask(project(made, added).run())

    assert [(each.rule, each.revision) for each in findings] == [("downgrade-residue", "r2")]
    assert "enum label `'bad'` of `mood`" in findings[0].message


def test_a_changed_column_is_residue(project: ProjectMaker) -> None:
    body = change("op.alter_column('users', 'email', type_=sa.Text())")
    (finding,) = ask(project(TABLE, body).run())

    assert finding.rule == "downgrade-residue"
    assert "`users.email` as `text`, before: `character varying(50)`" in finding.message


def test_what_a_downgrade_loses_is_reported(project: ProjectMaker) -> None:
    lost = sql("SELECT 1", "DROP INDEX ix_users_email")
    findings = ask(project(TABLE, lost).run())

    assert [(each.rule, each.revision) for each in findings] == [("downgrade-loss", "r2")]
    assert "index `ix_users_email`" in findings[0].message
    assert "CREATE INDEX ix_users_email ON public.users" in findings[0].help


def test_the_order_of_columns_does_not_count(project: ProjectMaker) -> None:
    moved = change(
        "op.drop_column('users', 'email')",
        "op.add_column('users', sa.Column('email', sa.String(50), index=True))"
        "; op.create_index('ix_users_email', 'users', ['email'])",
    )
    moved = moved.replace(", index=True", "")
    again = sql("ALTER TABLE users ADD b int", "ALTER TABLE users DROP b")

    found = ask(project(TABLE, again, moved).run())
    assert [each.rule for each in found] == ["breaks-running-code"], "the column is dropped"


def test_an_upgrade_that_builds_something_else_is_reported(
    project: ProjectMaker, tmp_path: Path
) -> None:
    flag = tmp_path / "flag"
    body = f"""
        import os

        def upgrade():
            op.create_table("t", sa.Column("a", sa.Integer))
            if os.path.exists({str(flag)!r}):
                op.add_column("t", sa.Column("b", sa.Integer))


        def downgrade():
            op.drop_table("t")
            open({str(flag)!r}, "w").close()
        """
    findings = ask(project(body, TABLE).run())

    assert [(each.rule, each.revision) for each in findings] == [("unrepeatable-upgrade", "r1")]
    assert "column `t.b` is new" in findings[0].message


def test_a_wrong_number_of_tables_is_reported_once(project: ProjectMaker) -> None:
    (finding,) = ask(project(TABLE, MORE).run(expect_tables=3))

    assert finding.rule == "table-count"
    assert finding.message.startswith("2 tables after the pass `upgrade` and")
    assert "expected 3" in finding.message


def test_partitions_count_with_their_parent(project: ProjectMaker) -> None:
    body = sql(
        "CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p DEFAULT",
        "DROP TABLE p",
    )
    assert ask(project(body).run(expect_tables=1)) == []


def test_an_env_py_that_never_commits_is_found_by_the_production_pass(
    project: ProjectMaker, sync_env: str
) -> None:
    env = sync_env.replace("with context.begin_transaction():", "if True:")
    env = env.replace(
        "    context.configure(connection=connection)",
        "    connection.exec_driver_sql('SELECT 1')\n    context.configure(connection=connection)",
    )
    (finding,) = ask(project(TABLE, env=env).run())

    assert finding.rule == "table-count"
    assert "0 tables after the pass `production`, expected 1" in finding.message


def test_what_only_fails_in_one_transaction_is_reported(project: ProjectMaker) -> None:
    made = sql("CREATE TYPE mood AS ENUM ('ok')", "DROP TYPE mood")
    added = sql(
        "ALTER TYPE mood ADD VALUE 'bad'", "DROP TYPE mood; CREATE TYPE mood AS ENUM ('ok')"
    )
    used = sql("CREATE TABLE t (m mood DEFAULT 'bad')", "DROP TABLE t")
    (finding,) = ask(project(made, added, used).run())

    assert (finding.rule, finding.revision) == ("fails-in-one-transaction", "r3")
    assert "works on its own and fails" in finding.message
    assert "`with op.get_context().autocommit_block():`" in finding.help
    assert "`transaction_per_migration=True`" in finding.help
    assert "migrations/env.py" in finding.help


def test_a_transaction_for_each_revision_is_what_the_help_says_it_is(
    project: ProjectMaker, sync_env: str
) -> None:
    made = sql("CREATE TYPE mood AS ENUM ('ok')", "DROP TYPE mood")
    added = sql(
        "ALTER TYPE mood ADD VALUE 'bad'", "DROP TYPE mood; CREATE TYPE mood AS ENUM ('ok')"
    )
    used = sql("CREATE TABLE t (m mood DEFAULT 'bad')", "DROP TABLE t")
    configured = "context.configure(connection=connection, transaction_per_migration=True)"
    env = sync_env.replace("context.configure(connection=connection)", configured)

    assert configured in env
    assert ask(project(made, added, used, env=env).run()) == []
