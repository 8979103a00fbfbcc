"""Extended statistics, which belong to their table; what was gathered is data."""

# ruff: noqa: S608 - SQL of our own words only

from __future__ import annotations

from revgate.postgres.snapshot.kind import not_made_by_another

QUERIES = (
    f"""
    SELECT 'statistics', quote_ident(n.nspname) || '.' || quote_ident(s.stxname), r.kind, r.name,
           pg_get_statisticsobjdef(s.oid)
           || CASE WHEN s.stxstattarget >= 0 THEN ' STATISTICS ' || s.stxstattarget ELSE '' END
    FROM relation r
    JOIN pg_statistic_ext s ON s.stxrelid = r.oid
    JOIN pg_namespace n ON n.oid = s.stxnamespace
    WHERE {not_made_by_another("pg_statistic_ext", "s.oid")}
    """,
)
