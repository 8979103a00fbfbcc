"""The rules on schemas, on one history: each fires where a comment says so, and nowhere else.

`# expect: rule` stands on the line that must be reported. The first revision is published, so none
of its faults are.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from revgate.rules import SCHEMA, all_rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    ProjectMaker = Callable[..., Any]
    Repository = Any
    Places = Counter[tuple[str, int, str]]

ROWS = False

PUBLISHED = '''
def upgrade():
    op.execute("""
        CREATE TYPE mood AS ENUM ('low', 'high');
        CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
        CREATE TABLE users (id int PRIMARY KEY, email email);
        CREATE TABLE old (
            name varchar(20) UNIQUE, code char(2) CHECK (code <> ''), at timestamp, what json,
            mood mood, user_id int REFERENCES users, a int, b int, c int, d int
        );
        CREATE INDEX old_a ON old (a);
        CREATE INDEX old_ab ON old (a, b);
        CREATE INDEX old_aa ON old (a, a);
        CREATE INDEX old_abcd ON old (a, b, c, d);
        CREATE TABLE log (id int, day date, name varchar(9)) PARTITION BY RANGE (day);
        CREATE TABLE log_of_a_day (id int, day date, name varchar(9));
        CREATE TABLE good (id bigint PRIMARY KEY, user_id int REFERENCES users);
        CREATE INDEX good_user_id ON good (user_id);
        CREATE INDEX users_twice ON users (id, id);
        CREATE TABLE again (name varchar(3) UNIQUE)
    """)


def downgrade():
    op.execute("DROP TABLE old, log, log_of_a_day, good, again, users")
    op.execute("DROP TYPE mood; DROP DOMAIN email")
'''

# None of these adds anything that was not there: what is renamed, widened, inherited, or created
# again, partitions and their indexes, temporary and foreign tables, an extension with its domain.
SILENT = '''
def upgrade():
    op.rename_table("old", "older")
    op.alter_column("older", "name", new_column_name="title")
    op.alter_column("older", "title", type_=sa.String(30))
    op.execute("ALTER TABLE older RENAME CONSTRAINT old_name_key TO older_title_key")
    op.execute("ALTER TYPE mood RENAME TO feeling")
    op.execute("ALTER TYPE feeling ADD VALUE IF NOT EXISTS 'middle'")
    op.execute("CREATE TABLE public.child (PRIMARY KEY (a)) INHERITS (older)")
    op.execute(
        "CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2025-01-01') TO ('2025-02-01')"
    )
    op.execute("CREATE INDEX log_1_id ON log_1 (id, id)")
    op.execute("ALTER TABLE log ATTACH PARTITION log_of_a_day DEFAULT")
    op.execute("CREATE TEMP TABLE scratch (name varchar(3), what json) ON COMMIT DROP")
    op.execute("CREATE EXTENSION earthdistance CASCADE")
    op.execute("CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw")
    op.execute("CREATE FOREIGN TABLE public.far (c char(1)) SERVER files OPTIONS (filename '/x')")
    op.execute("DROP INDEX users_twice; CREATE INDEX users_twice ON users (id, id)")
    op.execute("ALTER TABLE again RENAME TO before")
    op.execute("ALTER INDEX again_name_key RENAME TO before_name_key")
    op.execute("CREATE TABLE public.again (name varchar(3) UNIQUE); DROP TABLE before")
    op.execute("COMMENT ON TABLE older IS 'CREATE TABLE users'")


def downgrade():
    op.execute("""
        ALTER TYPE feeling RENAME TO mood;
        DROP EXTENSION earthdistance, cube, file_fdw CASCADE;
        ALTER TABLE log DETACH PARTITION log_of_a_day;
        DROP TABLE log_1, child;
        COMMENT ON TABLE older IS NULL
    """)
    op.execute("ALTER TABLE older RENAME CONSTRAINT older_title_key TO old_name_key")
    op.alter_column("older", "title", type_=sa.String(20))
    op.alter_column("older", "title", new_column_name="name")
    op.rename_table("older", "old")
'''

# The clean twin of what fires below.
CLEAN = '''
def upgrade():
    op.create_table(
        "visits",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("page", sa.Text, sa.CheckConstraint("page <> ''", name="ck_visits_page")),
        sa.Column("title", sa.String),
        sa.Column("at", sa.DateTime(timezone=True)),
        sa.Column("what", sa.dialects.postgresql.JSONB),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", name="fk_visits_user")),
        sa.UniqueConstraint("page", name="visits_page_key"),
        schema="public",
    )
    op.create_index("visits_search", "visits", ["user_id", "page", "at"], schema="public")
    op.create_index("visits_page_at", "visits", ["page", sa.text("at DESC")])
    op.create_index("visits_recent", "visits", ["title"], postgresql_where=sa.text("id > 9"))
    op.create_index("visits_title", "visits", ["title"], postgresql_include=["at"])
    op.create_index("visits_four", "visits", ["page", "at", "title", "id"], unique=True)
    op.execute("CREATE DOMAIN public.short AS text")
    op.execute("CREATE VIEW public.pages AS SELECT page FROM visits")
    op.execute("CREATE SEQUENCE public.numbers")
    op.execute("CREATE FUNCTION public.one() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    op.execute("CREATE TABLE public.tags (visit_id bigint, tag int, PRIMARY KEY (visit_id, tag))")
    op.execute(
        "CREATE TABLE public.notes (user_id int PRIMARY KEY CONSTRAINT fk_notes REFERENCES users)"
    )


def downgrade():
    op.execute("""
        DROP FUNCTION one; DROP SEQUENCE numbers; DROP VIEW pages; DROP DOMAIN short;
        DROP TABLE visits, tags, notes
    """)
'''

# The next revision fixes this, or drops it.
HASTY = """
def upgrade():
    op.execute("CREATE TABLE public.hasty (id int, user_id int, at timestamp, code char(1))")
    op.create_foreign_key("fk_hasty", "hasty", "users", ["user_id"], ["id"])
    op.execute("CREATE TABLE gone (name varchar(3), UNIQUE (name))")
    op.execute("CREATE TYPE state AS ENUM ('on')")


def downgrade():
    op.execute("DROP TABLE hasty, gone; DROP TYPE state")
"""
FIXED = """
def upgrade():
    op.execute("ALTER TABLE hasty ALTER id TYPE bigint, ALTER at TYPE timestamptz, DROP code")
    op.create_primary_key("hasty_pkey", "hasty", ["id"])
    op.create_index("hasty_user_id", "hasty", ["user_id"], postgresql_where="user_id IS NOT NULL")
    op.execute("DROP TABLE gone; DROP TYPE state")


def downgrade():
    op.execute(
        "CREATE TYPE state AS ENUM ('on'); CREATE TABLE gone (name varchar(3), UNIQUE (name))"
    )
    op.execute("DROP INDEX hasty_user_id; ALTER TABLE hasty DROP CONSTRAINT hasty_pkey")
    op.execute("ALTER TABLE hasty ALTER id DROP NOT NULL, ALTER id TYPE int")
    op.execute("ALTER TABLE hasty ALTER at TYPE timestamp, ADD code char(1)")
"""

LONG = "ix_users_that_have_a_name_which_is_so_long_that_it_can_never_fit_in"
FIRING = f'''
def upgrade():
    op.create_table(  # expect: missing-primary-key, unqualified-name
        "a", sa.Column("name", sa.Text)
    )
    op.execute(  # expect: narrow-primary-key
        "CREATE TABLE public.b (id serial PRIMARY KEY, s smallint)"
    )
    op.execute("ALTER TABLE good DROP CONSTRAINT good_pkey")  # expect: missing-primary-key
    op.add_column("good", sa.Column("at", sa.DateTime))  # expect: timestamp-without-zone
    op.execute("ALTER TABLE b ADD at timestamp(3)[]")  # expect: timestamp-without-zone
    op.add_column("good", sa.Column("code", sa.CHAR(2)))  # expect: char-column
    op.add_column("good", sa.Column("title", sa.String(9)))  # expect: varchar-column
    op.add_column("good", sa.Column("what", sa.JSON))  # expect: json-column
    op.execute(  # expect: json-column
        "ALTER TABLE a ADD later int; ALTER TABLE a ALTER later TYPE json USING NULL"
    )
    op.add_column("a", sa.Column("user_id", sa.Integer))
    op.create_foreign_key(  # expect: unindexed-foreign-key
        "a_user", "a", "users", ["user_id"], ["id"]
    )
    op.create_index("a_some", "a", ["user_id"], postgresql_where=sa.text("name > ''"))
    op.create_unique_constraint(None, "a", ["name"])  # expect: unnamed-constraint
    op.execute("ALTER TABLE a ADD CHECK (name <> '')")  # expect: unnamed-constraint
    op.execute(  # expect: unnamed-constraint, unindexed-foreign-key
        "ALTER TABLE b ADD FOREIGN KEY (s) REFERENCES users"
    )
    op.execute("CREATE INDEX good_again ON good USING btree (user_id)")  # expect: duplicate-index
    op.execute("CREATE INDEX a_twice ON a (name, user_id, name)")  # expect: duplicate-index
    op.execute("CREATE INDEX older_bc ON older (b, c)")
    op.execute("CREATE INDEX older_b ON older (b)")  # expect: duplicate-index
    op.execute("CREATE INDEX good_wide ON good (at, code, title, id)")  # expect: wide-index
    op.execute("CREATE INDEX {LONG} ON users (email)")  # expect: truncated-name
    op.execute("CREATE TYPE public.state AS ENUM ('on')")  # expect: enum-type
    op.execute("CREATE DOMAIN public.age AS int CHECK (VALUE > 0)")  # expect: domain-check
    op.execute(  # expect: domain-check
        "ALTER DOMAIN email ADD CONSTRAINT long CHECK (length(VALUE) > 3)"
    )
    op.execute(  # expect: unqualified-name
        'SET LOCAL work_mem = 64; CREATE MATERIALIZED VIEW "M" AS SELECT 1'
    )
    op.execute(  # expect: unqualified-name
        "CREATE OR REPLACE FUNCTION two(a int) RETURNS int LANGUAGE sql AS 'SELECT 2'"
    )


def downgrade():
    op.execute("""
        DROP FUNCTION two; DROP MATERIALIZED VIEW "M"; ALTER DOMAIN email DROP CONSTRAINT long;
        DROP DOMAIN age; DROP TYPE state; DROP TABLE a, b; DROP INDEX {LONG}, older_bc, older_b;
        DROP INDEX good_again; ALTER TABLE good DROP at, DROP code, DROP title, DROP what,
        ADD CONSTRAINT good_pkey PRIMARY KEY (id)
    """)
'''


def expected(folder: Path) -> Places:
    found: Places = Counter()
    for file in folder.glob("*.py"):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if comment := re.search(r"# expect: (.*)", line):
                found.update((file.stem, number, rule) for rule in comment[1].split(", "))
    return found


def ask(observed: Any) -> Places:
    return Counter(
        (finding.revision or "", finding.line, rule.name)
        for rule in all_rules().values()
        if rule.group is SCHEMA
        for finding in rule.check(observed)
    )


def test_each_rule_fires_where_it_must_and_nowhere_else(project: ProjectMaker) -> None:
    bodies = (PUBLISHED, SILENT, CLEAN, HASTY, FIXED, FIRING)
    made = project(*bodies)
    new = frozenset(("r2", "r3", "r4", "r5", "r6"))
    observed = made.run(new=new, judges_schema=True)

    assert observed.failures == ()
    wanted = expected(made.root / "migrations" / "versions")
    assert ask(observed) == wanted
    assert {rule for _, _, rule in wanted} == {
        rule.name for rule in all_rules().values() if rule.group is SCHEMA
    }


def test_the_settings_enable_a_group_or_one_rule(repository: Repository) -> None:
    table = "CREATE TABLE public.visits (page varchar(9))"
    repository.revision("r1", None, table, "DROP TABLE public.visits")
    named = repository.root / "revgate.toml"
    written = named.read_text()

    assert repository.judge("gate", "--no-rows").findings == []
    named.write_text(f'{written}enable = ["missing-primary-key"]\n')
    assert repository.judge("gate", "--no-rows").findings == [("missing-primary-key", "r1")]
    named.write_text(f'{written}enable = ["schema"]\nseverity = {{ "varchar-column" = "error" }}\n')
    judged = repository.judge("gate", "--no-rows", "--ignore", "missing-primary-key")
    assert (judged.code, judged.findings) == (1, [("varchar-column", "r1")])


def test_the_line_that_the_help_gives_adds_the_index(repository: Repository) -> None:
    named = repository.root / "revgate.toml"
    named.write_text(f'{named.read_text()}enable = ["unindexed-foreign-key"]\n')
    table = """
        CREATE SCHEMA "My app";
        CREATE TABLE "My app"."Orders" (id bigint PRIMARY KEY, "userId" bigint, n bigint,
            CONSTRAINT parent FOREIGN KEY ("userId") REFERENCES "My app"."Orders")
    """
    repository.revision("r1", None, table, 'DROP SCHEMA "My app" CASCADE')

    judged = repository.judge("gate", "--no-rows")
    assert judged.findings == [("unindexed-foreign-key", "r1")]
    line = judged.told["findings"][0]["help"].removeprefix("add `").removesuffix("`")
    repository.revision("r2", "r1", f"({line})", """DROP INDEX "My app"."ix_Orders_userId" """)
    rules = "missing-lock-timeout,blocking-lock"  # the index could be built concurrently
    assert repository.judge("gate", "--no-rows", "--ignore", rules).findings == []
