"""Triggers of tables and views, other than those that PostgreSQL makes for constraints."""

from __future__ import annotations

QUERIES = (
    """
    SELECT 'trigger', r.name || '.' || quote_ident(t.tgname), r.kind, r.name,
           pg_get_triggerdef(t.oid)
           || CASE t.tgenabled WHEN 'D' THEN ' DISABLED' WHEN 'R' THEN ' REPLICA'
                               WHEN 'A' THEN ' ALWAYS' ELSE '' END
    FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid
    WHERE NOT t.tgisinternal AND t.tgparentid = 0
    """,
)
