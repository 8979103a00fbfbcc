"""Test rows for any table: each kind of constraint, on a real server."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import psycopg2
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from revgate.postgres.connect import connect, parse_address
from revgate.roundtrip.rows.catalogue import Catalogue
from revgate.roundtrip.rows.fill import Filler


class Filled(NamedTuple):
    """What a database looks like after its empty tables were filled."""

    rows: dict[str, int]
    """Of each table; a partition's with its root."""
    reasons: dict[str, str]
    one: Callable[[str], object]
    """Runs a query and returns its first value."""


Fill = Callable[[str], Filled]


@pytest.fixture
def fill(empty_database: str) -> Fill:
    """Return a function that runs DDL in the fresh database and fills the tables."""
    connection = connect(parse_address(empty_database))

    def run(ddl: str) -> Filled:
        cursor = connection.cursor()
        cursor.execute(ddl)
        catalogue = Catalogue(cursor, psycopg2.Error, "alembic_version", None)
        empty = [each for each in catalogue.count_rows() if each.root == each.oid]
        reasons = Filler(cursor, psycopg2.Error, catalogue).fill(empty)
        names = {each.oid: each.name.removeprefix("public.") for each in empty}
        rows = dict.fromkeys(names.values(), 0)
        for each in catalogue.count_rows():
            rows[names[each.root]] += each.rows
        return Filled(rows, {names[oid]: why for oid, why in reasons.items()}, one)

    def one(query: str) -> object:
        with connection.cursor() as cursor:
            cursor.execute(query)
            (row,) = cursor.fetchall()
            return row[0]

    return run


KINDS = {
    "no column": "CREATE TABLE t ()",
    "names that need quotes": 'CREATE TABLE "t\'s ""T""" ("a ""b""" int PRIMARY KEY, "order" text)',
    "enums": "CREATE TYPE mood AS ENUM ('it''s', 'b'); CREATE TABLE t (a mood NOT NULL, b mood[])",
    "domains": """
        CREATE DOMAIN grade AS int NOT NULL CHECK (VALUE BETWEEN 11 AND 15);
        CREATE DOMAIN odd AS grade CHECK (VALUE % 2 = 1);
        CREATE DOMAIN email AS text CHECK (VALUE ~ '^[^@]+@[^@]+\\.[a-z]{2,}$');
        CREATE DOMAIN two AS varchar(4)[] CHECK (cardinality(VALUE) = 2);
        CREATE TABLE t (a odd PRIMARY KEY, b email NOT NULL UNIQUE, c two NOT NULL)
    """,
    "composite types": """
        CREATE TYPE pair AS (a int, b text); CREATE TABLE t (a pair NOT NULL, b pair[] NOT NULL)
    """,
    "ranges": "CREATE TABLE t (a int4range NOT NULL, b tstzmultirange NOT NULL, c numrange UNIQUE)",
    "numbers": """
        CREATE TABLE t (a numeric(2, 2) NOT NULL, b smallint PRIMARY KEY, c real NOT NULL,
                        d money NOT NULL, e numeric(3, 2) UNIQUE NOT NULL)
    """,
    "times": """
        CREATE TABLE t (a date PRIMARY KEY, b timestamptz NOT NULL, c interval NOT NULL,
                        d time NOT NULL, e timetz NOT NULL, f timestamp UNIQUE NOT NULL)
    """,
    "short texts": "CREATE TABLE t (a char(2) PRIMARY KEY, b varchar(1) NOT NULL, c char NOT NULL)",
    "rarer types": """
        CREATE TABLE t (a bytea NOT NULL, b inet NOT NULL, c cidr NOT NULL, d macaddr NOT NULL,
            e xml NOT NULL, f tsvector NOT NULL, g tsquery NOT NULL, h point NOT NULL,
            i box NOT NULL, j circle NOT NULL, k path NOT NULL, l polygon NOT NULL,
            m lseg NOT NULL, n line NOT NULL, o bit(3) NOT NULL, p varbit(5) NOT NULL,
            q pg_lsn NOT NULL, r jsonpath NOT NULL, s regclass NOT NULL, t "char" NOT NULL,
            u name NOT NULL, v uuid[] NOT NULL, w json NOT NULL, x macaddr8 NOT NULL)
    """,
    "identity and generated columns": """
        CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int NOT NULL,
                        b int GENERATED ALWAYS AS (a * 2) STORED CHECK (b > 10))
    """,
    "foreign keys": """
        CREATE TABLE child (id serial PRIMARY KEY);
        CREATE TABLE a (id serial PRIMARY KEY); ALTER TABLE child ADD a int NOT NULL REFERENCES a;
        CREATE TABLE pairs (a int REFERENCES a, c int REFERENCES child, PRIMARY KEY (a, c));
        CREATE TABLE one_to_one (a int PRIMARY KEY REFERENCES a)
    """,
    "foreign keys that share a column": """
        CREATE TABLE tenants (id int PRIMARY KEY);
        CREATE TABLE users (tenant int REFERENCES tenants, id int, PRIMARY KEY (tenant, id));
        CREATE TABLE projects (tenant int REFERENCES tenants, id int, PRIMARY KEY (tenant, id));
        CREATE TABLE tasks (id serial PRIMARY KEY, tenant int NOT NULL, u int NOT NULL,
            p int NOT NULL, FOREIGN KEY (tenant, u) REFERENCES users,
            FOREIGN KEY (tenant, p) REFERENCES projects)
    """,
    "a cycle that null breaks": """
        CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int
        NOT NULL REFERENCES a); ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b
    """,
    "a cycle that is deferred": """
        CREATE TABLE a (id int PRIMARY KEY, b int NOT NULL); CREATE TABLE b (id int PRIMARY KEY,
        a int NOT NULL REFERENCES a DEFERRABLE INITIALLY DEFERRED);
        ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b DEFERRABLE
    """,
    "a cycle that cannot be entered": """
        CREATE TABLE a (id int PRIMARY KEY, b int NOT NULL); CREATE TABLE b (id int PRIMARY KEY,
        a int NOT NULL REFERENCES a); ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b
    """,
    "a table that points at itself": """
        CREATE TABLE t (id int PRIMARY KEY, root int NOT NULL REFERENCES t, up int REFERENCES t)
    """,
    "unique in an expression": """
        CREATE TABLE t (a text NOT NULL, b int NOT NULL, c bool NOT NULL, UNIQUE (b, c));
        CREATE UNIQUE INDEX ON t (lower(a)); CREATE UNIQUE INDEX ON t (b) WHERE c
    """,
    "unique nulls": "CREATE TABLE t (a int, b text UNIQUE, UNIQUE (a))",
    "exclusion": """
        CREATE EXTENSION btree_gist;
        CREATE TABLE t (room int NOT NULL, at tsrange NOT NULL,
                        EXCLUDE USING gist (room WITH =, at WITH &&));
        CREATE TABLE u (at tstzrange NOT NULL, EXCLUDE USING gist (at WITH &&));
        CREATE TABLE v (a timestamptz NOT NULL, b timestamptz NOT NULL, CHECK (b > a),
                        EXCLUDE USING gist (tstzrange(a, b) WITH &&))
    """,
    "lists": """
        CREATE TABLE t (a text NOT NULL CHECK (a IN ('x', 'y')), b int NOT NULL CHECK
            (b = ANY (ARRAY[70, 80])), c varchar(9) UNIQUE NOT NULL CHECK (c IN ('p', 'q')))
    """,
    "bounds": """
        CREATE TABLE t (a int NOT NULL CHECK (a BETWEEN 50 AND 60), b float8 NOT NULL CHECK
            (b > 0.5 AND b < 0.75), c int NOT NULL CHECK (c < 0), d date NOT NULL CHECK
            (d > '2030-01-01'), e numeric(5, 2) NOT NULL UNIQUE CHECK (e >= 10))
    """,
    "patterns": """
        CREATE TABLE t (a text NOT NULL CHECK (a ~ '^[a-z0-9_-]{8,}$'), b text NOT NULL CHECK
            (b LIKE '%@%.%'), c char(5) UNIQUE NOT NULL CHECK (c ~ '^[A-Z]{3}[0-9]{2}$'),
            d text NOT NULL CHECK (d = upper(d) AND length(d) = 3), e text NOT NULL CHECK
            (e ~ '^\\d+$'), f text NOT NULL CHECK (char_length(f) >= 12))
    """,
    "short codes": """
        CREATE DOMAIN code AS char(3) CHECK (VALUE ~ '^[A-Z]{3}$');
        CREATE TABLE t (id int PRIMARY KEY, a char(3) NOT NULL CHECK (a ~ '^[A-Z]{3}$'),
            b varchar(2) NOT NULL CHECK (b ~ '^[a-z]{2}$'), c code UNIQUE NOT NULL)
    """,
    "binary values": """
        CREATE TABLE t (a bytea NOT NULL CHECK (octet_length(a) = 32), b bytea UNIQUE NOT NULL
            CHECK (length(b) BETWEEN 16 AND 20), c bytea PRIMARY KEY CHECK (octet_length(c) > 70))
    """,
    "triggers, defaults and checks that read settings": """
        CREATE TABLE tenants (id uuid PRIMARY KEY);
        CREATE TABLE t (id int PRIMARY KEY, tenant uuid NOT NULL REFERENCES tenants);
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            NEW.tenant := current_setting('app.tenant', true)::uuid; RETURN NEW; END $$;
        CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
        CREATE TABLE u (id int PRIMARY KEY, n int NOT NULL);
        CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF current_setting('app.user') = '' THEN RAISE 'no user'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER tr BEFORE INSERT ON u FOR EACH ROW EXECUTE FUNCTION g();
        CREATE TABLE v (id int PRIMARY KEY,
            n int NOT NULL CHECK (n = current_setting('app.number')::int))
    """,
    "documents and arrays": """
        CREATE TABLE t (a jsonb NOT NULL CHECK (jsonb_typeof(a) = 'array'), b jsonb NOT NULL CHECK
            (b ? 'kind' AND jsonb_typeof(b -> 'kind') = 'string'), c int[] NOT NULL CHECK
            (cardinality(c) = 3))
    """,
    "checks on several columns": """
        CREATE TABLE t (a int NOT NULL, b int NOT NULL CHECK (b > 100 AND b % 7 = 0), CHECK (a > b),
            status text NOT NULL CHECK (status IN ('paid', 'open')), paid_at timestamptz,
            CHECK ((status = 'paid') = (paid_at IS NOT NULL)));
        CREATE TABLE u (id int PRIMARY KEY);
        CREATE TABLE v (a int REFERENCES u, b int REFERENCES u, CHECK (num_nonnulls(a, b) = 1))
    """,
    "a row of its own": "CREATE TABLE t (id bool PRIMARY KEY DEFAULT true CHECK (id))",
    "partitions": """
        CREATE TABLE r (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
        CREATE TABLE r1 PARTITION OF r FOR VALUES FROM ('2031-01-01') TO ('2031-02-01');
        CREATE TABLE l (id int NOT NULL, k text NOT NULL) PARTITION BY LIST (k);
        CREATE TABLE l1 PARTITION OF l FOR VALUES IN ('q', 'r');
        CREATE TABLE h (id int NOT NULL) PARTITION BY HASH (id);
        CREATE TABLE h1 PARTITION OF h FOR VALUES WITH (MODULUS 4, REMAINDER 3);
        CREATE TABLE d (a text NOT NULL) PARTITION BY LIST (a);
        CREATE TABLE d1 PARTITION OF d DEFAULT
    """,
    "partitions of partitions, and who points at them": """
        CREATE TABLE p (id bigserial, tenant int, at timestamptz DEFAULT now(),
                        PRIMARY KEY (tenant, id, at)) PARTITION BY LIST (tenant);
        CREATE TABLE p1 PARTITION OF p FOR VALUES IN (7) PARTITION BY RANGE (at);
        CREATE TABLE p11 PARTITION OF p1 FOR VALUES FROM ('2020-06-01') TO ('2020-07-01');
        CREATE TABLE kid (tenant int NOT NULL, p bigint NOT NULL, at timestamptz NOT NULL,
                          FOREIGN KEY (tenant, p, at) REFERENCES p)
    """,
    "inheritance": """
        CREATE TABLE a (x int NOT NULL); CREATE TABLE b (y int NOT NULL CHECK (y IN (3, 4)))
        INHERITS (a)
    """,
    "triggers": """
        CREATE TABLE log (t text);
        CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL, slug text NOT NULL);
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN NEW.slug := lower(NEW.a); INSERT INTO log VALUES ('x'); RETURN NEW; END $$;
        CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()
    """,
    "defaults": """
        CREATE SEQUENCE s; CREATE TABLE t (a int DEFAULT nextval('s') PRIMARY KEY,
        b text NOT NULL DEFAULT 'new' CHECK (b ~ 'ne'), c uuid UNIQUE DEFAULT gen_random_uuid())
    """,
    "extensions": """
        CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION ltree;
        CREATE TABLE t (a citext PRIMARY KEY, b hstore NOT NULL, c ltree NOT NULL)
    """,
    "several schemas": """
        CREATE SCHEMA "S 2"; CREATE TYPE "S 2".kind AS ENUM ('a');
        CREATE TABLE "S 2".t (id int PRIMARY KEY, k "S 2".kind NOT NULL);
        CREATE TABLE t (id int NOT NULL REFERENCES "S 2".t)
    """,
    "an unlogged table with row security": """
        CREATE UNLOGGED TABLE t (id int PRIMARY KEY); ALTER TABLE t ENABLE ROW LEVEL SECURITY;
        ALTER TABLE t FORCE ROW LEVEL SECURITY
    """,
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_table_gets_rows(fill: Fill, kind: str) -> None:
    filled = fill(KINDS[kind])

    assert filled.reasons == {}
    assert all(filled.rows.values()), filled.rows


def test_two_rows_are_equal_and_one_is_null_where_they_may(fill: Fill) -> None:
    filled = fill("CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL, b int, c date UNIQUE)")

    assert filled.rows == {"t": 3}
    assert filled.one("SELECT count(DISTINCT a) FROM t") == 1
    assert filled.one("SELECT count(b) FROM t GROUP BY b HAVING b IS NOT NULL") == 2
    assert filled.one("SELECT count(*) FROM t WHERE b IS NULL AND c IS NULL") == 1


def test_every_partition_gets_a_row(fill: Fill) -> None:
    filled = fill(
        f"{KINDS['partitions']}; CREATE TABLE r2 PARTITION OF r DEFAULT;"
        " CREATE TABLE l2 PARTITION OF l FOR VALUES IN ('s', NULL);"
        " CREATE TABLE r3 PARTITION OF r FOR VALUES FROM ('2040-01-01') TO (MAXVALUE)"
    )

    assert filled.reasons == {}
    for name in ("r1", "r2", "r3", "l1", "l2", "h1", "d1"):
        assert filled.one(f"SELECT count(*) > 0 FROM {name}"), name


def test_a_cycle_broken_by_null_is_closed_in_the_end(fill: Fill) -> None:
    filled = fill(KINDS["a cycle that null breaks"])

    assert filled.one("SELECT count(*) > 0 FROM a WHERE b IS NOT NULL")


REFUSING = {
    "a trigger that raises": (
        """
        CREATE TABLE t (id int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'not on a Sunday'; END $$;
        CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()
        """,
        {"t": "not on a Sunday"},
    ),
    "a check that nothing satisfies": (
        "CREATE TABLE t (a int NOT NULL, CONSTRAINT c CHECK (a > 5 AND a < 5))",
        {"t": "no values were found that satisfy its check `c`"},
    ),
    "what points at such a table": (
        """
        CREATE TABLE t (id int PRIMARY KEY CHECK (id > 5 AND id < 5));
        CREATE TABLE child (t int NOT NULL REFERENCES t)
        """,
        {"t": "no values were found that satisfy its check `t_id_check`",
         "child": "`t` has no rows to reference"},
    ),
    "no partitions": (
        "CREATE TABLE t (id int) PARTITION BY RANGE (id)", {"t": "it has no partitions"}
    ),
    "a foreign table": (
        ("CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;"
        " CREATE FOREIGN TABLE t (a int) SERVER s"),
        {"t": "it is a foreign table"},
    ),
    "a type that we do not know": (
        "CREATE TABLE t (a pg_ndistinct NOT NULL)",
        {"t": "no value is known for `a`, which is of type `pg_ndistinct`"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSING)
def test_a_table_without_rows_is_reported_with_the_reason(fill: Fill, kind: str) -> None:
    ddl, reasons = REFUSING[kind]

    filled = fill(f"{ddl}; CREATE TABLE another (id int PRIMARY KEY)")

    assert filled.reasons == reasons
    assert filled.rows["another"] == 3


TYPES = (
    "int", "bigint", "smallint", "text", "varchar(3)", "char(2)", "numeric(4,2)", "date",
    "timestamptz", "uuid", "bool", "jsonb", "int[]", "inet", "mood", "interval", "float8",
    "int4range", "bytea",
)  # fmt: skip
CONDITIONS = {
    "int": ("{0} > 0", "{0} IN (5, 9)", "{0} BETWEEN -20 AND -10", "{0} <> 1", "{0} % 3 = 0"),
    "text": ("length({0}) > 4", "{0} IN ('x', 'y')", "{0} ~ '^[A-Z]+$'", "{0} <> ''"),
    "date": ("{0} >= '2025-05-05'", "{0} < '2010-01-01'"),
    "numeric(4,2)": ("{0} > 0 AND {0} <= 1", "{0} >= 20"),
    "int[]": ("cardinality({0}) = 2",),
    "bool": ("{0}", "NOT {0}"),
}
ENDINGS = ("", " NOT NULL", " UNIQUE", " NOT NULL UNIQUE")


@st.composite
def tables(draw: st.DrawFn) -> str:
    """Draw tables whose foreign keys lead anywhere, themselves and later tables included."""
    count = draw(st.integers(1, 5))
    made, linked = [], []
    for number in range(count):
        columns = ["id int PRIMARY KEY"]
        for place in range(draw(st.integers(0, 5))):
            type_ = draw(st.sampled_from(TYPES))
            ending = draw(st.sampled_from(ENDINGS if type_ != "jsonb" else ENDINGS[:2]))
            checks = CONDITIONS.get(type_, ())
            check = draw(st.sampled_from(("", *checks)))
            check = f" CHECK ({check.format(f'c{place}')})" if check else ""
            columns.append(f"c{place} {type_}{ending}{check}")
        made.append(f"CREATE TABLE t{number} ({', '.join(columns)});")
        for place in range(draw(st.integers(0, 2))):
            target = draw(st.integers(0, count - 1))
            ending = draw(st.sampled_from(ENDINGS))
            linked.append(f"ALTER TABLE t{number} ADD f{place} int{ending} REFERENCES t{target};")
    return " ".join(made + linked)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ddl=tables())
@example(
    ddl="CREATE TABLE t0 (id int PRIMARY KEY, c0 text NOT NULL UNIQUE CHECK (c0 ~ '^[A-Z]+$'))"
)
def test_any_tables_get_rows(fill: Fill, ddl: str) -> None:
    fresh = "DROP SCHEMA IF EXISTS drawn CASCADE; CREATE SCHEMA drawn; SET search_path = drawn;"

    filled = fill(f"{fresh} CREATE TYPE mood AS ENUM ('good', 'bad'); {ddl}")

    assert filled.reasons == {}, ddl
    assert all(filled.rows.values()), ddl
