"""Foreign data wrappers, foreign servers and user mappings; foreign tables are tables."""

# ruff: noqa: S608 - SQL of our own words only

from __future__ import annotations

from revgate.postgres.snapshot.kind import not_made_by_another

QUERIES = (
    f"""
    SELECT 'foreign data wrapper', quote_ident(w.fdwname), NULL, NULL,
           concat_ws(' ', nullif(w.fdwhandler, 0)::regproc, nullif(w.fdwvalidator, 0)::regproc,
                     w.fdwoptions::text)
    FROM pg_foreign_data_wrapper w
    WHERE {not_made_by_another("pg_foreign_data_wrapper", "w.oid")}
    """,
    f"""
    SELECT 'server', quote_ident(s.srvname), 'foreign data wrapper', quote_ident(w.fdwname),
           concat_ws(' ', s.srvtype, s.srvversion, s.srvoptions::text)
    FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
    WHERE {not_made_by_another("pg_foreign_server", "s.oid")}
    """,
    """
    SELECT 'user mapping',
           CASE WHEN m.umuser = 0 THEN 'PUBLIC' ELSE quote_ident(m.usename) END
           || ' SERVER ' || quote_ident(m.srvname),
           'server', quote_ident(m.srvname), md5(coalesce(m.umoptions::text, ''))
    FROM pg_user_mappings m
    """,
)
"""The options of a user mapping hold a password: a digest is enough to compare."""
