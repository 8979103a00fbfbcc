"""Functions, procedures and aggregates, with their bodies."""

# ruff: noqa: S608 - SQL of our own words only

from __future__ import annotations

from revgate.postgres.snapshot.kind import USER_SCHEMA, not_made_by_another

QUERIES = (
    f"""
    SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate'
                          ELSE 'function' END,
           quote_ident(n.nspname) || '.' || quote_ident(p.proname)
           || '(' || pg_get_function_identity_arguments(p.oid) || ')',
           'schema', quote_ident(n.nspname),
           CASE p.prokind
               WHEN 'a' THEN (SELECT concat_ws(' ', pg_get_function_result(p.oid), a.aggtransfn,
                                     a.aggfinalfn, a.aggtranstype::regtype, a.agginitval)
                              FROM pg_aggregate a WHERE a.aggfnoid = p.oid)
               ELSE pg_get_functiondef(p.oid) END
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE {USER_SCHEMA} AND {not_made_by_another("pg_proc", "p.oid", "ei")}
    """,
)
