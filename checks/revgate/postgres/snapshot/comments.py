"""Comments on everything that a snapshot knows.

The name of a comment is what stands behind COMMENT ON, so that the statement which takes it away
can be written from it.
"""

# ruff: noqa: S608 - SQL of our own words only

from __future__ import annotations

from revgate.postgres.snapshot.kind import FIRST_OID, USER_SCHEMA, not_made_by_another


def _of(catalogue: str) -> str:
    return (
        f"JOIN pg_description d ON d.classoid = '{catalogue}'::regclass AND d.objoid = o.oid"
        f" AND d.objsubid = 0 AND d.objoid >= {FIRST_OID}"
    )


def _in_schema(catalogue: str, kind: str, name: str, namespace: str) -> str:
    return f"""
    SELECT 'comment', upper({kind}) || ' ' || {name}, {kind}, {name}, d.description
    FROM {catalogue} o {_of(catalogue)} JOIN pg_namespace n ON n.oid = o.{namespace}
    WHERE {USER_SCHEMA} AND {not_made_by_another(catalogue, "o.oid")}
    """


_FUNCTION = "CASE o.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END"
_SIGNATURE = (
    "quote_ident(n.nspname) || '.' || quote_ident(o.proname)"
    " || '(' || pg_get_function_identity_arguments(o.oid) || ')'"
)
_PART = "quote_ident(o.{0}) || ' ON ' || r.name"

QUERIES = (
    f"""
    SELECT 'comment', upper(o.kind) || ' ' || o.name, o.kind, o.name, d.description
    FROM relation o {_of("pg_class")}
    """,
    f"""
    SELECT 'comment', 'COLUMN ' || r.name || '.' || quote_ident(a.attname),
           CASE WHEN r.kind IN ('view', 'materialized view', 'type') THEN r.kind ELSE 'column' END,
           CASE WHEN r.kind IN ('view', 'materialized view', 'type') THEN r.name
                ELSE r.name || '.' || quote_ident(a.attname) END, d.description
    FROM relation r
    JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = r.oid
         AND d.objsubid > 0 AND d.objoid >= {FIRST_OID}
    JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = d.objsubid
    """,
    f"""
    SELECT 'comment', 'CONSTRAINT ' || {_PART.format("conname")},
           'constraint', r.name || '.' || quote_ident(o.conname), d.description
    FROM relation r JOIN pg_constraint o ON o.conrelid = r.oid {_of("pg_constraint")}
    """,
    f"""
    SELECT 'comment', 'TRIGGER ' || {_PART.format("tgname")},
           'trigger', r.name || '.' || quote_ident(o.tgname), d.description
    FROM relation r JOIN pg_trigger o ON o.tgrelid = r.oid {_of("pg_trigger")}
    """,
    f"""
    SELECT 'comment', 'POLICY ' || {_PART.format("polname")},
           'policy', r.name || '.' || quote_ident(o.polname), d.description
    FROM relation r JOIN pg_policy o ON o.polrelid = r.oid {_of("pg_policy")}
    """,
    f"""
    SELECT 'comment', 'RULE ' || {_PART.format("rulename")},
           'rule', r.name || '.' || quote_ident(o.rulename), d.description
    FROM relation r JOIN pg_rewrite o ON o.ev_class = r.oid {_of("pg_rewrite")}
    """,
    _in_schema("pg_proc", _FUNCTION, _SIGNATURE, "pronamespace"),
    _in_schema(
        "pg_type",
        "CASE o.typtype WHEN 'd' THEN 'domain' ELSE 'type' END",
        "quote_ident(n.nspname) || '.' || quote_ident(o.typname)",
        "typnamespace",
    ),
    _in_schema(
        "pg_statistic_ext",
        "'statistics'",
        "quote_ident(n.nspname) || '.' || quote_ident(o.stxname)",
        "stxnamespace",
    ),
    _in_schema(
        "pg_collation",
        "'collation'",
        "quote_ident(n.nspname) || '.' || quote_ident(o.collname)",
        "collnamespace",
    ),
    """
    SELECT 'comment', 'SCHEMA public', 'schema', 'public',
           obj_description(n.oid, 'pg_namespace')
    FROM pg_namespace n
    WHERE n.nspname = 'public'
      AND obj_description(n.oid, 'pg_namespace') <> 'standard public schema'
    """,
    *(
        f"""
    SELECT 'comment', '{kind.upper()} ' || quote_ident(o.{column}), '{kind}',
           quote_ident(o.{column}), d.description
    FROM {catalogue} o {_of(catalogue)}
    WHERE {not_made_by_another(catalogue, "o.oid")}
    """
        for kind, catalogue, column in (
            ("schema", "pg_namespace", "nspname"),
            ("extension", "pg_extension", "extname"),
            ("event trigger", "pg_event_trigger", "evtname"),
            ("publication", "pg_publication", "pubname"),
            ("foreign data wrapper", "pg_foreign_data_wrapper", "fdwname"),
            ("server", "pg_foreign_server", "srvname"),
            ("language", "pg_language", "lanname"),
        )
    ),
)
