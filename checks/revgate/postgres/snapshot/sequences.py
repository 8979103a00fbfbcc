"""Sequences, as they are defined; how far they have counted is data."""

from __future__ import annotations

QUERIES = (
    """
    SELECT 'sequence', r.name,
           CASE WHEN a.attname IS NULL THEN 'schema' ELSE 'column' END,
           CASE WHEN a.attname IS NULL THEN quote_ident(r.nspname)
                ELSE t.name || '.' || quote_ident(a.attname) END,
           format('%s START %s MINVALUE %s MAXVALUE %s INCREMENT %s CACHE %s%s',
                  format_type(s.seqtypid, NULL), s.seqstart, s.seqmin, s.seqmax, s.seqincrement,
                  s.seqcache, CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END)
    FROM relation r
    JOIN pg_sequence s ON s.seqrelid = r.oid
    LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = r.oid
         AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
    LEFT JOIN relation t ON t.oid = d.refobjid
    LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
    """,
)
