"""Indexes, other than those that only serve a constraint."""

from __future__ import annotations

QUERIES = (
    """
    SELECT 'index', x.name, r.kind, r.name,
           pg_get_indexdef(x.oid)
           || CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END
           || CASE WHEN i.indisclustered THEN ' CLUSTERED' ELSE '' END
           || CASE WHEN i.indisreplident THEN ' REPLICA IDENTITY' ELSE '' END
           || coalesce(' TABLESPACE ' || (SELECT quote_ident(s.spcname) FROM pg_tablespace s
                                          WHERE s.oid = x.reltablespace), '')
    FROM relation x
    JOIN pg_index i ON i.indexrelid = x.oid
    JOIN relation r ON r.oid = i.indrelid
    WHERE NOT x.relispartition
      AND NOT EXISTS (SELECT 1 FROM pg_constraint k
                      WHERE k.conindid = x.oid AND k.contype IN ('p', 'u', 'x'))
    """,
)
