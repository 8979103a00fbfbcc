"""Types that were made on purpose: enums with their labels, domains, composites, ranges.

Row types of tables, array types and multiranges come and go with what they are made for.
"""

# ruff: noqa: S608 - SQL of our own words only

from __future__ import annotations

from revgate.postgres.snapshot.kind import USER_SCHEMA, not_made_by_another

_NAME = "quote_ident(n.nspname) || '.' || quote_ident(t.typname)"
_WANTED = f"{USER_SCHEMA} AND {not_made_by_another('pg_type', 't.oid')}"

QUERIES = (
    f"""
    SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, {_NAME},
           'schema', quote_ident(n.nspname),
           CASE t.typtype
               WHEN 'e' THEN 'enum'
               WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod)
                    || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END
                    || coalesce(' DEFAULT ' || t.typdefault, '')
                    || coalesce((SELECT string_agg(' CONSTRAINT ' || quote_ident(k.conname) || ' '
                                       || pg_get_constraintdef(k.oid), '' ORDER BY k.conname)
                                 FROM pg_constraint k
                                 WHERE k.contypid = t.oid AND k.contype = 'c'), '')
               WHEN 'c' THEN 'composite ' || coalesce((
                    SELECT string_agg(quote_ident(a.attname) || ' '
                               || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
                    FROM pg_attribute a
                    WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), '')
               WHEN 'r' THEN 'range of ' || (
                    SELECT concat_ws(' ', format_type(g.rngsubtype, NULL), c.opcname,
                               nullif(g.rngcanonical, 0), nullif(g.rngsubdiff, 0))
                    FROM pg_range g JOIN pg_opclass c ON c.oid = g.rngsubopc
                    WHERE g.rngtypid = t.oid)
               ELSE concat_ws(' ', 'base', t.typinput, t.typoutput, t.typlen, t.typalign,
                              t.typstorage, t.typcategory, t.typdefault) END
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE {_WANTED} AND t.typtype IN ('e', 'd', 'c', 'r', 'b')
      AND (t.typrelid = 0 OR c.relkind = 'c')
      AND NOT EXISTS (SELECT 1 FROM pg_type e WHERE e.typarray = t.oid)
    """,
    f"""
    SELECT 'enum label', {_NAME} || '.' || quote_literal(e.enumlabel), 'type', {_NAME}, ''
    FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid
    JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE {_WANTED}
    """,
    f"""
    SELECT 'enum order', {_NAME}, 'type', {_NAME},
           string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
    FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid
    JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE {_WANTED} GROUP BY n.nspname, t.typname
    """,
)
