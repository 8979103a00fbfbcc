"""Views and materialized views."""

from __future__ import annotations

QUERIES = (
    """
    SELECT r.kind, r.name, 'schema', quote_ident(r.nspname),
           concat_ws(' ', array_to_string(r.reloptions, ', '), pg_get_viewdef(r.oid))
    FROM relation r WHERE r.relkind IN ('v', 'm')
    """,
)
