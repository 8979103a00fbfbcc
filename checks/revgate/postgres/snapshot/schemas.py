"""Schemas and extensions."""

# ruff: noqa: S608 - SQL of our own words only

from __future__ import annotations

from revgate.postgres.snapshot.kind import USER_SCHEMA, not_made_by_another

QUERIES = (
    f"""
    SELECT 'schema', quote_ident(n.nspname), NULL, NULL, ''
    FROM pg_namespace n
    WHERE n.nspname = 'public'
       OR {USER_SCHEMA} AND {not_made_by_another("pg_namespace", "n.oid")}
    """,
    """
    SELECT 'extension', quote_ident(e.extname), NULL, NULL,
           'version ' || e.extversion || ' in schema ' || quote_ident(n.nspname)
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    """,
)
