"""Types that a user defined: enums with their labels, domains, composites, ranges.

Row types of tables, array types and multiranges belong to what they are made for.
"""

# ruff: noqa: S608 - SQL made of our own text only

from __future__ import annotations

from revgate.postgres.snapshot.kind import USER_SCHEMA, Kind, Query

_NAME = "quote_ident(n.nspname) || '.' || quote_ident(t.typname)"
_TYPES = "pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace"
_KEY = ("pg_type", "t.oid")

TYPE = Kind(
    ("domain", "type"),
    (
        Query(
            _KEY,
            f"""
            CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, {_NAME},
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
            """,
            f"{_TYPES} LEFT JOIN pg_class c ON c.oid = t.typrelid",
            f"""
            {USER_SCHEMA} AND t.typtype IN ('e', 'd', 'c', 'r', 'b')
            AND (t.typrelid = 0 OR c.relkind = 'c')
            AND NOT EXISTS (SELECT 1 FROM pg_type e WHERE e.typarray = t.oid)
            """,
            made_with="e",
        ),
    ),
    resettable=True,
)
ENUM_LABEL = Kind(
    ("enum label",),
    (
        Query(
            _KEY,
            f"'enum label', {_NAME} || '.' || quote_literal(e.enumlabel), 'type', {_NAME}, ''",
            f"{_TYPES} JOIN pg_enum e ON e.enumtypid = t.oid",
            USER_SCHEMA,
            made_with="e",
        ),
    ),
    drop="",
    label="enum label `{part}` of `{owner}`",
    binds="",
)
ENUM_ORDER = Kind(
    ("enum order",),
    (
        Query(
            _KEY,
            f"'enum order', {_NAME}, 'type', {_NAME}, e.labels",
            f"""
            {_TYPES} CROSS JOIN LATERAL (
                SELECT string_agg(quote_literal(l.enumlabel), ', ' ORDER BY l.enumsortorder)
                FROM pg_enum l WHERE l.enumtypid = t.oid) AS e(labels)
            """,
            f"t.typtype = 'e' AND e.labels IS NOT NULL AND {USER_SCHEMA}",
            made_with="e",
        ),
    ),
    drop="",
    binds="",
)
