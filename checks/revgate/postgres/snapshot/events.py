"""Event triggers, publications and subscriptions: what a database does beside answering.

Columns that only some versions have are read through the row as JSON, which has no column too few.
"""

# ruff: noqa: S608 - SQL of our own words only

from __future__ import annotations

from revgate.postgres.snapshot.kind import not_made_by_another

QUERIES = (
    f"""
    SELECT 'event trigger', quote_ident(e.evtname), NULL, NULL,
           concat_ws(' ', 'ON', e.evtevent,
               'WHEN TAG IN (' || array_to_string(e.evttags, ', ') || ')',
               'EXECUTE', e.evtfoid::regprocedure,
               CASE e.evtenabled WHEN 'D' THEN 'DISABLED' WHEN 'R' THEN 'REPLICA'
                                 WHEN 'A' THEN 'ALWAYS' END)
    FROM pg_event_trigger e
    WHERE {not_made_by_another("pg_event_trigger", "e.oid")}
    """,
    f"""
    SELECT 'publication', quote_ident(p.pubname), NULL, NULL,
           concat_ws(' ', CASE WHEN p.puballtables THEN 'FOR ALL TABLES' END,
               'FOR TABLE ' || (
                   SELECT string_agg(concat_ws(' ', m.prrelid::regclass,
                              to_jsonb(m) ->> 'prattrs',
                              CASE WHEN to_jsonb(m) ->> 'prqual' IS NOT NULL
                                   THEN 'WHERE (...)' END),
                              ', ' ORDER BY m.prrelid::regclass::text)
                   FROM pg_publication_rel m WHERE m.prpubid = p.oid),
               'publish', concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END,
                   CASE WHEN p.pubupdate THEN 'update' END, CASE WHEN p.pubdelete THEN 'delete' END,
                   CASE WHEN p.pubtruncate THEN 'truncate' END),
               CASE WHEN p.pubviaroot THEN 'via root' END)
    FROM pg_publication p
    WHERE {not_made_by_another("pg_publication", "p.oid")}
    """,
    """
    SELECT 'subscription', quote_ident(s.subname), NULL, NULL,
           array_to_string(s.subpublications, ', ')
    FROM pg_subscription s
    WHERE s.subdbid = (SELECT b.oid FROM pg_database b WHERE b.datname = current_database())
    """,
)
