"""Every kind of object: what changes it is seen as one difference, and the help undoes it.

`pg_dump --schema-only` is the oracle: a statement changes the snapshot exactly where it changes
the dump.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from revgate.postgres.connect import Address, connect
from revgate.postgres.embedded import find_embedded
from revgate.postgres.programs import find_local
from revgate.postgres.snapshot import KINDS, Snapshot, Snapshotter, compare, count_tables
from revgate.postgres.snapshot.describe import alteration, label
from revgate.postgres.snapshot.kind import RELATIONS
from revgate.rules._downgrade import removal_help, restoration_help

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.postgres.server import Server
    from revgate.postgres.snapshot.change import CatalogueChange

GROUND = """
    CREATE SCHEMA other;
    CREATE TABLE t (id int PRIMARY KEY, a text DEFAULT 'x', b int NOT NULL, r int4range);
    CREATE TABLE u (id int);
    CREATE TABLE part (id int, k text) PARTITION BY LIST (k);
    CREATE VIEW v AS SELECT id, a FROM t;
    CREATE MATERIALIZED VIEW mv AS SELECT id FROM t;
    CREATE SEQUENCE s;
    CREATE TYPE mood AS ENUM ('low', 'high');
    CREATE TYPE pair AS (x int, y int);
    CREATE DOMAIN positive AS int CONSTRAINT above CHECK (VALUE > 0);
    CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a';
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE FUNCTION look() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
    CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE INDEX i ON t (a);
    CREATE POLICY own ON t USING (id = 1);
    CREATE RULE quiet AS ON DELETE TO u DO INSTEAD NOTHING;
    CREATE STATISTICS st (ndistinct) ON id, b FROM t;
    CREATE FOREIGN DATA WRAPPER w;
    CREATE SERVER away FOREIGN DATA WRAPPER w;
    COMMENT ON COLUMN t.b IS 'a number';
"""


class Case(NamedTuple):
    """A statement, and the one difference that it makes."""

    statement: str
    how: str
    kind: str
    name: str


NEW = [
    Case("CREATE SCHEMA s2", "left", "schema", "s2"),
    Case("CREATE TABLE n (id int PRIMARY KEY, x serial)", "left", "table", "n"),
    Case("CREATE UNLOGGED TABLE other.n (id int)", "left", "table", "other.n"),
    Case("CREATE TABLE part_a PARTITION OF part FOR VALUES IN ('a')", "left", "table", "part_a"),
    Case("CREATE TABLE child () INHERITS (t)", "left", "table", "child"),
    Case("CREATE FOREIGN TABLE ft (id int) SERVER away", "left", "table", "ft"),
    Case("ALTER TABLE t ADD c numeric(3, 1)", "left", "column", "t.c"),
    Case('ALTER TABLE t ADD "C d" text', "left", "column", 't."C d"'),
    Case("ALTER TABLE t ALTER b SET DEFAULT 7", "left", "default", "t.b"),
    Case("ALTER TABLE t ADD CONSTRAINT k CHECK (b > 0)", "left", "constraint", "t.k"),
    Case("ALTER TABLE t ADD CONSTRAINT k UNIQUE (b)", "left", "constraint", "t.k"),
    Case("ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING gist (r WITH &&)", "left", "constraint",
         "t.k"),
    Case("ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (b) REFERENCES t NOT VALID", "left",
         "constraint", "t.k"),
    Case("CREATE UNIQUE INDEX i2 ON t (lower(a)) WHERE b > 0", "left", "index", "i2"),
    Case("CREATE INDEX i2 ON mv (id)", "left", "index", "i2"),
    Case("CREATE SEQUENCE s3 INCREMENT 5", "left", "sequence", "s3"),
    Case("CREATE TYPE mood2 AS ENUM ('a')", "left", "type", "mood2"),
    Case("CREATE TYPE span AS RANGE (subtype = float8)", "left", "type", "span"),
    Case("CREATE TYPE pair2 AS (x int)", "left", "type", "pair2"),
    Case("CREATE DOMAIN d AS text", "left", "domain", "d"),
    Case("CREATE FUNCTION f2(int) RETURNS int LANGUAGE sql AS 'SELECT 1'", "left", "function",
         "f2(integer)"),
    Case("CREATE PROCEDURE p2() LANGUAGE sql AS 'SELECT 1'", "left", "procedure", "p2()"),
    Case("CREATE AGGREGATE total (int) (SFUNC = int4pl, STYPE = int)", "left", "aggregate",
         "total(integer)"),
    Case("CREATE TRIGGER g2 AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch()", "left",
         "trigger", "t.g2"),
    Case("CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION look()", "left",
         "event trigger", "e"),
    Case("CREATE RULE silent AS ON UPDATE TO u DO INSTEAD NOTHING", "left", "rule", "u.silent"),
    Case("CREATE VIEW v2 AS SELECT 1 AS one", "left", "view", "v2"),
    Case("CREATE MATERIALIZED VIEW mv2 AS SELECT 1 AS one", "left", "materialized view", "mv2"),
    Case("CREATE POLICY p ON u AS RESTRICTIVE FOR SELECT USING (true)", "left", "policy", "u.p"),
    Case("CREATE EXTENSION citext", "left", "extension", "citext"),
    Case("COMMENT ON TABLE t IS 'it''s'", "left", "comment", "TABLE public.t"),
    Case("COMMENT ON COLUMN t.a IS 'x'", "left", "comment", "COLUMN public.t.a"),
    Case("COMMENT ON COLUMN v.a IS 'x'", "left", "comment", "COLUMN public.v.a"),
    Case("COMMENT ON CONSTRAINT t_pkey ON t IS 'x'", "left", "comment",
         "CONSTRAINT t_pkey ON public.t"),
    Case("COMMENT ON INDEX i IS 'x'", "left", "comment", "INDEX public.i"),
    Case("COMMENT ON FUNCTION f(int) IS 'x'", "left", "comment", "FUNCTION public.f(a integer)"),
    Case("COMMENT ON TYPE mood IS 'x'", "left", "comment", "TYPE public.mood"),
    Case("COMMENT ON TRIGGER g ON t IS 'x'", "left", "comment", "TRIGGER g ON public.t"),
    Case("COMMENT ON POLICY own ON t IS 'x'", "left", "comment", "POLICY own ON public.t"),
    Case("COMMENT ON SCHEMA other IS 'x'", "left", "comment", "SCHEMA other"),
    Case("COMMENT ON DOMAIN positive IS 'x'", "left", "comment", "DOMAIN public.positive"),
    Case("GRANT SELECT ON t TO reader", "left", "grant", "TABLE public.t TO reader"),
    Case("GRANT SELECT (a) ON t TO reader", "left", "grant", "COLUMN public.t.a TO reader"),
    Case("GRANT USAGE ON SEQUENCE s TO reader", "left", "grant", "SEQUENCE public.s TO reader"),
    Case("GRANT USAGE ON SCHEMA other TO reader", "left", "grant", "SCHEMA other TO reader"),
    Case("REVOKE EXECUTE ON FUNCTION f(int) FROM PUBLIC", "left", "grant",
         "FUNCTION public.f(a integer) TO PUBLIC"),
    Case("GRANT USAGE ON TYPE mood TO reader", "left", "grant", "TYPE public.mood TO reader"),
    Case("GRANT USAGE ON FOREIGN SERVER away TO reader", "left", "grant",
         "FOREIGN SERVER away TO reader"),
    Case("CREATE PUBLICATION pub FOR TABLE t", "left", "publication", "pub"),
    Case("CREATE STATISTICS st2 ON a, b FROM t", "left", "statistics", "st2"),
    Case("CREATE FOREIGN DATA WRAPPER w2", "left", "foreign data wrapper", "w2"),
    Case("CREATE SERVER away2 FOREIGN DATA WRAPPER w", "left", "server", "away2"),
    Case("CREATE USER MAPPING FOR reader SERVER away", "left", "user mapping",
         "reader SERVER away"),
    Case("CREATE COLLATION c (locale = 'C')", "left", "collation", "c"),
    Case("CREATE OPERATOR ### (FUNCTION = int4pl, LEFTARG = int, RIGHTARG = int)", "left",
         "operator", "###(integer,integer)"),
    Case("CREATE CAST (mood AS int) WITH INOUT", "left", "cast", "(public.mood AS integer)"),
    Case("CREATE TEXT SEARCH CONFIGURATION ts (COPY = simple)", "left",
         "text search configuration", "ts"),
    Case("CREATE ACCESS METHOD am2 TYPE TABLE HANDLER heap_tableam_handler", "left",
         "access method", "am2"),
]  # fmt: skip
"""What is new: the help's statement takes it away again."""

ALTERED = [
    Case("ALTER TABLE t ALTER r TYPE int8range USING NULL", "changed", "column", "t.r"),
    Case("ALTER TABLE t ALTER b DROP NOT NULL", "changed", "column", "t.b"),
    Case("ALTER TABLE t ALTER a SET STORAGE EXTERNAL", "changed", "column", "t.a"),
    Case("ALTER TABLE t ALTER a SET STATISTICS 500", "changed", "column", "t.a"),
    Case("ALTER TABLE t ALTER b SET (n_distinct = 5)", "changed", "column", "t.b"),
    Case("ALTER TABLE t ALTER a SET DEFAULT 'y'", "changed", "default", "t.a"),
    Case("ALTER TABLE t SET (fillfactor = 50)", "changed", "table", "t"),
    Case("ALTER TABLE t SET UNLOGGED", "changed", "table", "t"),
    Case("ALTER TABLE t ENABLE ROW LEVEL SECURITY", "changed", "table", "t"),
    Case("ALTER TABLE t REPLICA IDENTITY FULL", "changed", "table", "t"),
    Case("ALTER TABLE t CLUSTER ON i", "changed", "index", "i"),
    Case("ALTER INDEX i SET (fillfactor = 50)", "changed", "index", "i"),
    Case("ALTER SEQUENCE s MAXVALUE 100", "changed", "sequence", "s"),
    Case("ALTER TYPE pair ADD ATTRIBUTE z int", "changed", "type", "pair"),
    Case("ALTER DOMAIN positive SET NOT NULL", "changed", "domain", "positive"),
    Case("CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 2'", "changed",
         "function", "f(a integer)"),
    Case("ALTER FUNCTION f(int) SECURITY DEFINER", "changed", "function", "f(a integer)"),
    Case("ALTER TABLE t DISABLE TRIGGER g", "changed", "trigger", "t.g"),
    Case("CREATE OR REPLACE VIEW v AS SELECT id, a FROM t WHERE b > 0", "changed", "view", "v"),
    Case("ALTER VIEW v SET (security_barrier)", "changed", "view", "v"),
    Case("ALTER POLICY own ON t USING (id = 2)", "changed", "policy", "t.own"),
    Case("ALTER TABLE u DISABLE RULE quiet", "changed", "rule", "u.quiet"),
    Case("COMMENT ON COLUMN t.b IS 'other'", "changed", "comment", "COLUMN public.t.b"),
    Case("ALTER SERVER away OPTIONS (host 'h')", "changed", "server", "away"),
    Case("ALTER STATISTICS st SET STATISTICS 50", "changed", "statistics", "st"),
]  # fmt: skip

GONE = [
    Case("DROP INDEX i", "gone", "index", "i"),
    Case("DROP TRIGGER g ON t", "gone", "trigger", "t.g"),
    Case("DROP POLICY own ON t", "gone", "policy", "t.own"),
    Case("DROP RULE quiet ON u", "gone", "rule", "u.quiet"),
    Case("DROP STATISTICS st", "gone", "statistics", "st"),
    Case("DROP FUNCTION f(int)", "gone", "function", "f(a integer)"),
    Case("COMMENT ON COLUMN t.b IS NULL", "gone", "comment", "COLUMN public.t.b"),
    Case("ALTER TABLE t DROP CONSTRAINT t_pkey CASCADE", "gone", "constraint", "t.t_pkey"),
    Case("ALTER TABLE t ALTER a DROP DEFAULT", "gone", "default", "t.a"),
]

ELSEWHERE = [
    Case("COMMENT ON SCHEMA public IS 'ours'", "left", "comment", "SCHEMA public"),
    Case("ALTER TABLE t OWNER TO reader", "left", "owner", "TABLE public.t"),
    Case("CREATE ROLE writer LOGIN CONNECTION LIMIT 3", "left", "role", "writer"),
    Case("ALTER ROLE reader CREATEDB", "changed", "role", "reader"),
    Case("ALTER ROLE reader SET work_mem = '8MB'", "left", "setting",
         "work_mem FOR ROLE reader IN ALL DATABASES"),
    Case("SELECT lo_create(0)", "left", "large object", "number 1"),
    Case("ALTER TABLE t CLUSTER ON t_pkey", "changed", "table", "t"),
    Case("GRANT reader TO leader", "changed", "role", "leader"),
    Case("ALTER DATABASE {database} SET search_path = other", "left", "setting", "search_path"),
    Case("ALTER ROLE reader IN DATABASE {database} SET work_mem = '8MB'", "left", "setting",
         "work_mem FOR ROLE reader"),
    Case("ALTER DEFAULT PRIVILEGES IN SCHEMA other GRANT SELECT ON TABLES TO reader", "left",
         "default privileges", "FOR ROLE {user} IN SCHEMA other ON TABLES"),
    Case("GRANT TEMPORARY ON DATABASE {database} TO reader", "left", "grant",
         "DATABASE TO reader"),
]  # fmt: skip
"""What a plain dump of one database does not say, or not in this form."""

SILENT = [
    "INSERT INTO t VALUES (1, 'x', 2, NULL)",
    "SELECT nextval('s')",
    "REFRESH MATERIALIZED VIEW mv",
    "ANALYZE t",
    "GRANT ALL ON t TO {user}",
    "GRANT EXECUTE ON FUNCTION f(int) TO PUBLIC",
    "CREATE TEMPORARY TABLE passing (id int)",
    "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)",
    """
    TRUNCATE t;
    ALTER TABLE t DROP b CASCADE;
    ALTER TABLE t ADD b int NOT NULL;
    COMMENT ON COLUMN t.b IS 'a number';
    CREATE STATISTICS st (ndistinct) ON id, b FROM t
    """,
]


class Database:
    """A database with a snapshotter for it."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._connection = connect(address)
        self._snapshotter = Snapshotter(address, "alembic_version", None)

    def run(self, statement: str) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(
                statement.replace("{database}", self.address.database).replace(
                    "{user}", self.address.user
                )
            )

    def take(self) -> Snapshot:
        return self._snapshotter.take()

    def dump(self) -> str:
        embedded = os.environ.get("REVGATE_SERVER") == "embedded"
        programs = find_embedded() if embedded else find_local() or find_embedded()
        assert programs
        said = subprocess.run(
            [str(Path(programs) / "pg_dump"), "--schema-only", "--dbname", self.address.url()],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        # Newer versions put a random word into every dump.
        return re.sub(r"(?m)^\\(un)?restrict .*$", "", said)

    def close(self) -> None:
        self._snapshotter.close()
        self._connection.close()


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    address = server.create_database()
    made = Database(address)
    for role in ("reader", "leader"):
        made.run(f"CREATE ROLE {role}")
    made.run(GROUND)
    yield made
    made.close()
    server.drop_database(address)
    server.drop_roles(frozenset(("reader", "leader", "writer")))


def sql_of(help_text: str) -> str:
    """Return the statement that a help tells to run, of either form that it has."""
    found = re.search(r'op\.execute\((?P<quotes>"""|")(.*)(?P=quotes)\)', help_text, re.DOTALL)
    assert found, help_text
    return found.group(2)


def by_operations(change: CatalogueChange) -> str:
    """Return what Alembic's operations of the help come down to."""
    table, _, name = change.name.rpartition(".")
    return {
        "table": f"DROP {'FOREIGN ' * change.after.startswith('foreign')}TABLE {change.name}",
        "column": f"ALTER TABLE {table} DROP COLUMN {name}",
        "constraint": f"ALTER TABLE {table} DROP CONSTRAINT {name}",
        "default": f"ALTER TABLE {table} ALTER {name} DROP DEFAULT",
    }[change.kind]


def undo(change: CatalogueChange) -> str:
    if change.how in ("gone", "changed"):
        return sql_of(restoration_help(change))
    said = removal_help(change)
    return sql_of(said) if "op.execute" in said else by_operations(change)


def test_only_facts_of_a_catalogue_are_seen(database: Database) -> None:
    for statement in SILENT:
        before = database.take()
        database.run(statement)
        assert compare(before, database.take()) == (), statement


def test_a_new_object_is_one_difference_and_the_help_takes_it_away(database: Database) -> None:
    before, dumped = database.take(), database.dump()
    for case in NEW:
        database.run(case.statement)
        changes = compare(before, database.take())
        assert [each[:3] for each in changes] == [case[1:]], case.statement
        (change,) = changes
        assert label(change)
        database.run(undo(change))
        assert database.take() == before, case.statement
    assert database.dump() == dumped


@pytest.mark.parametrize("case", ALTERED, ids=lambda case: case.statement)
def test_an_altered_object_is_one_difference(database: Database, case: Case) -> None:
    before = database.take()
    database.run(case.statement)
    changes = [
        change
        for change in compare(before, database.take())
        # An identity of rows needs its index, and a table that is not logged its sequences.
        if change.kind != "sequence" or case.kind == "sequence"
    ]

    ((how, kind, name, *_),) = changes
    assert (how, kind, name) == case[1:]
    assert alteration(changes[0])
    if kind in ("comment", "default"):
        database.run(undo(changes[0]))
        assert database.take() == before


@pytest.mark.parametrize("case", GONE, ids=lambda case: case.statement)
def test_what_is_gone_is_one_difference_and_the_help_brings_it_back(
    database: Database, case: Case
) -> None:
    before = database.take()
    database.run(case.statement)
    (change,) = compare(before, database.take())

    assert (change.how, change.kind, change.name) == case[1:]
    database.run(undo(change))
    assert database.take() == before


@pytest.mark.parametrize("case", ELSEWHERE, ids=lambda case: case.statement)
def test_what_no_dump_of_one_database_says_is_seen(database: Database, case: Case) -> None:
    before = database.take()
    database.run(case.statement)
    (change,) = compare(before, database.take())

    name = case.name.replace("{user}", database.address.user)
    assert (change.how, change.kind, change.name) == (case.how, case.kind, name)
    assert removal_help(change)


def test_a_partition_counts_with_its_parent(database: Database) -> None:
    before = count_tables(database.take())
    database.run("CREATE TABLE part_a PARTITION OF part FOR VALUES IN ('a')")

    assert count_tables(database.take()) == before


def test_the_key_of_each_kind_is_an_oid_of_its_catalog(server: Server) -> None:
    address = server.create_database()
    connection = connect(address)
    never = RELATIONS.replace("{version_table}", "false").replace("{restriction}", "true")
    with connection.cursor() as cursor:
        for kind in KINDS:
            for query in kind.queries:
                if query.key:
                    catalog, oid = query.key
                    cursor.execute(f"SELECT 'pg_catalog.{catalog}'::regclass")
                    cursor.execute(f"{never} {query._replace(select=oid).sql} LIMIT 0")
                    assert cursor.description[0].type_code == 26, kind.titles
    connection.close()
    server.drop_database(address)


def test_every_kind_that_a_case_names_is_registered_once() -> None:
    titles = [title for kind in KINDS for title in kind.titles]
    assert len(titles) == len(set(titles))
    assert {case.kind for case in (*NEW, *ALTERED, *GONE, *ELSEWHERE)} <= set(titles)


STATEMENTS = [case.statement for case in (*NEW, *ALTERED, *GONE)] + SILENT[:6]


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(chosen=st.lists(st.sampled_from(STATEMENTS), min_size=4, max_size=4))
def test_a_statement_changes_the_snapshot_exactly_where_it_changes_the_dump(
    database: Database, chosen: list[str]
) -> None:
    for statement in chosen:
        before, dumped = database.take(), database.dump()
        if _refused(database, statement):
            continue
        assert (database.take() == before) == (database.dump() == dumped), statement


def _refused(database: Database, statement: str) -> Any:
    """Tell whether the statement does not fit what the earlier ones left."""
    import psycopg2

    try:
        database.run(statement)
    except psycopg2.Error as error:
        return error
    return None
