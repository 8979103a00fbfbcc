"""Comments on objects of all other kinds.

The name of a comment is what follows COMMENT ON, so that the statement which removes it can be
written from it.
"""

from __future__ import annotations

from revgate.postgres.snapshot.kind import FIRST_OID, USER_SCHEMA, Kind, Query


def _of(catalog: str) -> str:
    return (
        f"JOIN pg_description d ON d.classoid = '{catalog}'::regclass AND d.objoid = o.oid"
        f" AND d.objsubid = 0 AND d.objoid >= {FIRST_OID}"
    )


def _in_schema(catalog: str, kind: str, name: str, namespace: str, relation: str = "") -> Query:
    return Query(
        (catalog, "o.oid"),
        f"'comment', upper({kind}) || ' ' || {name}, {kind}, {name}, d.description",
        f"{catalog} o {_of(catalog)} JOIN pg_namespace n ON n.oid = o.{namespace}",
        USER_SCHEMA,
        made_with="e",
        relation=relation,
    )


def _on_relation(kind: str, catalog: str, column: str, relation: str) -> Query:
    """Return the query for parts of relations, whose comments name the part first."""
    return Query(
        (catalog, "o.oid"),
        f"""
        'comment', '{kind.upper()} ' || quote_ident(o.{column}) || ' ON ' || r.name,
        '{kind}', r.name || '.' || quote_ident(o.{column}), d.description
        """,
        f"relation r JOIN {catalog} o ON o.{relation} = r.oid {_of(catalog)}",
        relation="r.oid",
    )


def _in_database(kind: str, catalog: str, column: str) -> Query:
    return Query(
        (catalog, "o.oid"),
        f"""
        'comment', '{kind.upper()} ' || quote_ident(o.{column}), '{kind}',
        quote_ident(o.{column}), d.description
        """,
        f"{catalog} o {_of(catalog)}",
        made_with="e",
    )


_FUNCTION = "CASE o.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END"
_SIGNATURE = (
    "quote_ident(n.nspname) || '.' || quote_ident(o.proname)"
    " || '(' || pg_get_function_identity_arguments(o.oid) || ')'"
)
# Columns of views and composite types are not listed as objects of their own.
_WHOLE = "r.kind IN ('view', 'materialized view', 'type')"

COMMENT = Kind(
    ("comment",),
    (
        Query(
            ("pg_class", "o.oid"),
            "'comment', upper(o.kind) || ' ' || o.name, o.kind, o.name, d.description",
            f"relation o {_of('pg_class')}",
        ),
        Query(
            ("pg_class", "r.oid"),
            f"""
            'comment', 'COLUMN ' || r.name || '.' || quote_ident(a.attname),
            CASE WHEN {_WHOLE} THEN r.kind ELSE 'column' END,
            CASE WHEN {_WHOLE} THEN r.name ELSE r.name || '.' || quote_ident(a.attname) END,
            d.description
            """,
            f"""
            relation r
            JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = r.oid
                 AND d.objsubid > 0 AND d.objoid >= {FIRST_OID}
            JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = d.objsubid
            """,
        ),
        _on_relation("constraint", "pg_constraint", "conname", "conrelid"),
        _on_relation("trigger", "pg_trigger", "tgname", "tgrelid"),
        _on_relation("policy", "pg_policy", "polname", "polrelid"),
        _on_relation("rule", "pg_rewrite", "rulename", "ev_class"),
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
            relation="o.stxrelid",
        ),
        _in_schema(
            "pg_collation",
            "'collation'",
            "quote_ident(n.nspname) || '.' || quote_ident(o.collname)",
            "collnamespace",
        ),
        Query(
            ("pg_namespace", "n.oid"),
            """
            'comment', 'SCHEMA public', 'schema', 'public', obj_description(n.oid, 'pg_namespace')
            """,
            "pg_namespace n",
            """
            n.nspname = 'public'
            AND obj_description(n.oid, 'pg_namespace') <> 'standard public schema'
            """,
        ),
        _in_database("schema", "pg_namespace", "nspname"),
        _in_database("extension", "pg_extension", "extname"),
        _in_database("event trigger", "pg_event_trigger", "evtname"),
        _in_database("publication", "pg_publication", "pubname"),
        _in_database("foreign data wrapper", "pg_foreign_data_wrapper", "fdwname"),
        _in_database("server", "pg_foreign_server", "srvname"),
        _in_database("language", "pg_language", "lanname"),
    ),
    drop="COMMENT ON {name} IS NULL",
    restore="COMMENT ON {name} IS '{literal}'",
    restores_changes=True,
    label="comment on `{name}`",
)
