"""Statements that the relay refuses, however they are written, and those that it lets through."""

from __future__ import annotations

import pytest

from revgate.postgres.relay.lexis import OTHER, QUOTED, STRING, WORD, tokens
from revgate.postgres.relay.refusals import Own, refused

OWN = Own("revgate_00_", frozenset({"app", "postgres", "Odd Role"}))

SILENT = [
    "CREATE TABLE databases (system int, \"user\" text, database text, role text, program text)",
    "SELECT 'ALTER SYSTEM SET a = 1'",
    "INSERT INTO notes VALUES ('it''s CREATE DATABASE x; DROP DATABASE y')",
    "SELECT 1 -- ALTER SYSTEM\n",
    "/* ALTER SYSTEM /* DROP DATABASE x */ */ SELECT 1",
    "SELECT $$ALTER SYSTEM$$, $a$ $$ALTER SYSTEM$$ $a$",
    'SELECT "alter system" FROM "create database"',
    "COMMENT ON COLUMN t.a IS 'see pg_terminate_backend() and dblink_connect(''x'')'",
    "CREATE ROLE made LOGIN; ALTER ROLE made SET search_path = a; DROP ROLE made",
    "ALTER ROLE app IN DATABASE revgate_00_1 SET a.b = 1",
    "ALTER DATABASE revgate_00_1 SET timezone = 'UTC'; COMMENT ON DATABASE \"revgate_00_1\" IS ''",
    "GRANT CONNECT ON DATABASE revgate_00_1 TO app",
    "GRANT made TO app; GRANT pg_monitor TO made; REVOKE ADMIN OPTION FOR made FROM app",
    "GRANT SELECT ON ALL TABLES IN SCHEMA public TO app WITH GRANT OPTION",
    "ALTER DEFAULT PRIVILEGES FOR ROLE app GRANT SELECT ON TABLES TO app",
    "REASSIGN OWNED BY made TO app; DROP OWNED BY made",
    "CREATE USER MAPPING FOR app SERVER s OPTIONS (user 'x')",
    "CREATE SERVER away FOREIGN DATA WRAPPER w; DROP SERVER away",
    "CREATE EXTENSION IF NOT EXISTS dblink WITH SCHEMA public; CREATE EXTENSION postgres_fdw",
    "COPY t (a) FROM STDIN; COPY t TO STDOUT; COPY (SELECT 'x' AS to) TO STDOUT",
    ("CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false,"
    " slot_name = NONE)"),
    "ALTER SUBSCRIPTION s SET (slot_name = NONE); DROP SUBSCRIPTION s",
    ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid()"),
    "SELECT pg_cancel_backend(pg_backend_pid())",
    "SELECT * INTO copied FROM pg_database",
    "GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO made",
    "ALTER TABLE t SET TABLESPACE pg_default; ALTER TABLE t OWNER TO app",
    ("CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'ALTER SYSTEM';"
    " END $$"),
    "SET ROLE app; RESET ROLE; CREATE GROUP made; ALTER GROUP made ADD USER app",
    "SELECT 1 + database.a FROM t AS database JOIN u ON database.id = u.id GROUP BY 1",
]  # fmt: skip


@pytest.mark.parametrize("statement", SILENT)
def test_what_stays_in_the_database_is_let_through(statement: str) -> None:
    assert refused(statement, OWN) is None


LOUD = {
    "ALTER SYSTEM SET a = 1": "ALTER SYSTEM",
    "-- x\nALTER SYSTEM RESET ALL": "ALTER SYSTEM",
    "/* x */ alter /* y /* z */ */ -- w\n system reset all": "ALTER SYSTEM",
    "SELECT 1; ALTER\tSYSTEM SET a = 1": "ALTER SYSTEM",
    "SELECT 'a\\'; ALTER SYSTEM SET a = 1 --'": "ALTER SYSTEM",
    "SELECT E'a\\''; ALTER SYSTEM SET a = 1": "ALTER SYSTEM",
    "SELECT $a$ $b$ $a$; ALTER SYSTEM SET a = 1": "ALTER SYSTEM",
    "SELECT a$b$ FROM t; ALTER SYSTEM SET c = '$b$'": "ALTER SYSTEM",
    "DO $$ BEGIN ALTER SYSTEM SET a = 1; END $$": "ALTER SYSTEM",
    "DO $$ BEGIN EXECUTE 'ALTER ' || 'SYSTEM SET a = 1'; END $$": "ALTER SYSTEM",
    "DO LANGUAGE plpgsql 'BEGIN EXECUTE ''ALTER SYSTEM RESET ALL''; END'": "ALTER SYSTEM",
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'SELECT dblink_exec(''a'', ''b'')'":
        "dblink_exec()",
    "PREPARE p AS SELECT pg_reload_conf()": "pg_reload_conf()",
    "CREATE DATABASE x": "CREATE DATABASE",
    "DROP DATABASE IF EXISTS revgate_00_1": "DROP DATABASE",
    "ALTER DATABASE postgres SET a.b = 1": "the database `postgres`",
    "ALTER DATABASE revgate_00_1 RENAME TO x": "ALTER DATABASE ... RENAME",
    "ALTER DATABASE revgate_00_1 SET TABLESPACE x": "ALTER DATABASE ... SET TABLESPACE",
    'COMMENT ON DATABASE "Other" IS NULL': "the database `Other`",
    'COMMENT ON DATABASE U&"\\004Fther" IS NULL': "the database `Other`",
    "COMMENT ON DATABASE U&\"!004Fther\" UESCAPE '!' IS NULL": "the database `Other`",
    "REVOKE ALL ON DATABASE revgate_00_1, postgres FROM public": "the database `postgres`",
    "ALTER ROLE made IN DATABASE postgres SET a.b = 1": "the database `postgres`",
    "CREATE TABLESPACE x LOCATION '/x'": "CREATE TABLESPACE",
    "GRANT CREATE ON TABLESPACE pg_default TO made": "a tablespace",
    "ALTER ROLE app SET search_path = x": "ALTER ROLE `app`",
    "ALTER USER postgres PASSWORD 'x'": "ALTER USER `postgres`",
    "ALTER ROLE ALL SET a.b = 1": "ALTER ROLE `all`",
    "ALTER ROLE CURRENT_USER SET a.b = 1": "ALTER ROLE `current_user`",
    'DROP ROLE IF EXISTS made, "Odd Role"': "DROP ROLE `Odd Role`",
    "DROP USER app": "DROP USER `app`",
    "ALTER GROUP app DROP USER made": "ALTER GROUP `app`",
    "COMMENT ON ROLE app IS 'x'": "`app`",
    "REASSIGN OWNED BY made, app TO made": "REASSIGN OWNED BY `app`",
    "DROP OWNED BY CURRENT_USER CASCADE": "DROP OWNED BY `current_user`",
    "GRANT app TO postgres": "GRANT `app`",
    "REVOKE app FROM postgres": "REVOKE `app`",
    "REVOKE ADMIN OPTION FOR app FROM postgres": "REVOKE `app`",
    "GRANT SET ON PARAMETER work_mem TO made": "ON PARAMETER",
    "SELECT pg_create_logical_replication_slot('s', 'pgoutput')": "replication_slot()",
    "SELECT pg_catalog . pg_drop_replication_slot ( 's' )": "replication_slot()",
    "CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p": "CREATE SUBSCRIPTION",
    "CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p WITH (connect = false)":
        "CREATE SUBSCRIPTION",
    "ALTER SUBSCRIPTION s CONNECTION 'host=x'": "ALTER SUBSCRIPTION",
    "ALTER SUBSCRIPTION s REFRESH PUBLICATION": "ALTER SUBSCRIPTION",
    "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'x')": "CREATE SERVER",
    "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw": "CREATE SERVER",
    "ALTER SERVER s OPTIONS (ADD hostaddr '10.0.0.1')": "ALTER SERVER",
    "SELECT dblink_connect('host=x')": "dblink_connect()",
    'SELECT "dblink"(\'host=x\', \'SELECT 1\')': "dblink()",
    'SELECT * FROM public."dblink_get_result"/* */(\'x\')': "dblink_get_result()",
    'SELECT U&"d\\0062link"(\'host=x\')': "dblink()",
    "COPY t TO PROGRAM 'cat'": "COPY ... PROGRAM",
    "COPY t (a) FROM /**/ PROGRAM $$cat$$": "COPY ... PROGRAM",
    "COPY t TO '/tmp/x'": "TO a file",
    "CREATE FOREIGN TABLE t (a int) SERVER s OPTIONS (program 'cat')": "of a program",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity": "pg_terminate_backend()",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    " OR true": "pg_terminate_backend()",
    "SELECT pg_read_file('postgresql.conf')": "pg_read_file()",
    "SELECT lo_export(1, '/tmp/x')": "lo_export()",
    "UPDATE pg_catalog.pg_database SET datallowconn = false": "the catalog `pg_database`",
    'DELETE FROM ONLY "pg_authid"': "the catalog `pg_authid`",
}  # fmt: skip


@pytest.mark.parametrize("statement", LOUD)
def test_what_reaches_further_is_refused_and_named(statement: str) -> None:
    assert LOUD[statement] in (refused(statement, OWN) or "nothing")


@pytest.mark.parametrize(
    "text", ["'", '"', "E'\\", "$$", "/*", 'U&"', "$a$ $b", "\\", "", ";;", "\0"]
)
def test_a_text_that_ends_too_soon_is_read_to_its_end(text: str) -> None:
    assert tokens(text) is not None
    assert refused("ALTER SYSTEM SET a = 1;" + text, OWN) == "ALTER SYSTEM"


def test_the_lexical_rules_are_the_servers() -> None:
    assert tokens("Ab\"C\"\"d\"'e''f'E'\\x41\\'g'$1 ä.1e5--x\r@") == [
        (WORD, "ab"), (QUOTED, 'C"d'), (STRING, "e'f"), (STRING, "A'g"), (OTHER, "$1"),
        (WORD, "ä"), (OTHER, ".1e5"), (OTHER, "@"),
    ]  # fmt: skip
