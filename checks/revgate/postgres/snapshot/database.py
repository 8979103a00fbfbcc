"""Schemas, extensions, foreign servers, roles, and other objects of a whole database or server.

Columns that exist only in some versions of PostgreSQL are read through the row as JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.postgres.snapshot.kind import USER_SCHEMA, Kind, Query, standalone

if TYPE_CHECKING:
    from revgate.postgres.snapshot.change import CatalogueChange

SCHEMA = Kind(
    ("schema",),
    (
        Query(
            ("pg_namespace", "n.oid"),
            "'schema', quote_ident(n.nspname), NULL, NULL, ''",
            "pg_namespace n",
            f"n.nspname = 'public' OR {USER_SCHEMA} AND {standalone('pg_namespace', 'n.oid')}",
        ),
    ),
    resettable=True,
)
EXTENSION = Kind(
    ("extension",),
    (
        Query(
            ("pg_extension", "e.oid"),
            """
            'extension', quote_ident(e.extname), NULL, NULL,
            'version ' || e.extversion || ' in schema ' || quote_ident(n.nspname)
            """,
            "pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace",
        ),
    ),
)

FOREIGN_DATA_WRAPPER = Kind(
    ("foreign data wrapper",),
    (
        Query(
            ("pg_foreign_data_wrapper", "w.oid"),
            """
            'foreign data wrapper', quote_ident(w.fdwname), NULL, NULL,
            concat_ws(' ', nullif(w.fdwhandler, 0)::regproc, nullif(w.fdwvalidator, 0)::regproc,
                      w.fdwoptions::text)
            """,
            "pg_foreign_data_wrapper w",
            made_with="e",
        ),
    ),
)
SERVER = Kind(
    ("server",),
    (
        Query(
            ("pg_foreign_server", "s.oid"),
            """
            'server', quote_ident(s.srvname), 'foreign data wrapper', quote_ident(w.fdwname),
            concat_ws(' ', s.srvtype, s.srvversion, s.srvoptions::text)
            """,
            "pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw",
            made_with="e",
        ),
    ),
)
# The options of a user mapping contain a password: a digest is enough to compare.
USER_MAPPING = Kind(
    ("user mapping",),
    (
        Query(
            ("pg_user_mapping", "m.umid"),
            """
            'user mapping',
            CASE WHEN m.umuser = 0 THEN 'PUBLIC' ELSE quote_ident(m.usename) END
            || ' SERVER ' || quote_ident(m.srvname),
            'server', quote_ident(m.srvname), md5(coalesce(m.umoptions::text, ''))
            """,
            "pg_user_mappings m",
        ),
    ),
    drop="DROP USER MAPPING FOR {name}",
    per_installation=True,
)

EVENT_TRIGGER = Kind(
    ("event trigger",),
    (
        Query(
            ("pg_event_trigger", "e.oid"),
            """
            'event trigger', quote_ident(e.evtname), NULL, NULL,
            concat_ws(' ', 'ON', e.evtevent,
                'WHEN TAG IN (' || array_to_string(e.evttags, ', ') || ')',
                'EXECUTE', e.evtfoid::regprocedure,
                CASE e.evtenabled WHEN 'D' THEN 'DISABLED' WHEN 'R' THEN 'REPLICA'
                                  WHEN 'A' THEN 'ALWAYS' END)
            """,
            "pg_event_trigger e",
            made_with="e",
        ),
    ),
)
PUBLICATION = Kind(
    ("publication",),
    (
        Query(
            ("pg_publication", "p.oid"),
            """
            'publication', quote_ident(p.pubname), NULL, NULL,
            concat_ws(' ', CASE WHEN p.puballtables THEN 'FOR ALL TABLES' END,
                'FOR TABLE ' || (
                    SELECT string_agg(concat_ws(' ', m.prrelid::regclass,
                               to_jsonb(m) ->> 'prattrs',
                               CASE WHEN to_jsonb(m) ->> 'prqual' IS NOT NULL
                                    THEN 'WHERE (...)' END),
                               ', ' ORDER BY m.prrelid::regclass::text)
                    FROM pg_publication_rel m WHERE m.prpubid = p.oid),
                'publish', concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END,
                    CASE WHEN p.pubupdate THEN 'update' END,
                    CASE WHEN p.pubdelete THEN 'delete' END,
                    CASE WHEN p.pubtruncate THEN 'truncate' END),
                CASE WHEN p.pubviaroot THEN 'via root' END)
            """,
            "pg_publication p",
            made_with="e",
        ),
    ),
)
SUBSCRIPTION = Kind(
    ("subscription",),
    (
        Query(
            ("pg_subscription", "s.oid"),
            """
            'subscription', quote_ident(s.subname), NULL, NULL,
            array_to_string(s.subpublications, ', ')
            """,
            "pg_subscription s",
            "s.subdbid = (SELECT b.oid FROM pg_database b WHERE b.datname = current_database())",
        ),
    ),
    per_installation=True,
)

# Roles belong to the server, so other clients of a shared server may create one between two
# snapshots; `postgres.roles` filters those out.
ROLE = Kind(
    ("role",),
    (
        Query(
            ("pg_authid", "a.oid"),
            """
            'role', quote_ident(a.rolname), NULL, NULL,
            concat_ws(' ', CASE WHEN a.rolsuper THEN 'SUPERUSER' END,
                CASE WHEN NOT a.rolinherit THEN 'NOINHERIT' END,
                CASE WHEN a.rolcreaterole THEN 'CREATEROLE' END,
                CASE WHEN a.rolcreatedb THEN 'CREATEDB' END,
                CASE WHEN a.rolcanlogin THEN 'LOGIN' END,
                CASE WHEN a.rolreplication THEN 'REPLICATION' END,
                CASE WHEN a.rolbypassrls THEN 'BYPASSRLS' END,
                CASE WHEN a.rolconnlimit >= 0 THEN 'CONNECTION LIMIT ' || a.rolconnlimit END,
                'VALID UNTIL ' || a.rolvaliduntil,
                'IN ROLE ' || (SELECT string_agg(quote_ident(pg_get_userbyid(m.roleid))
                                   || CASE WHEN m.admin_option THEN ' WITH ADMIN' ELSE '' END,
                                   ', ' ORDER BY pg_get_userbyid(m.roleid))
                               FROM pg_auth_members m WHERE m.member = a.oid))
            """,
            "pg_roles a",
            "a.rolname !~ '^pg_'",
        ),
    ),
    per_installation=True,
)


_EVERYWHERE = " IN ALL DATABASES"


def _reset(change: CatalogueChange) -> str:
    parameter, _, role = change.name.removesuffix(_EVERYWHERE).partition(" FOR ROLE ")
    if change.name.endswith(_EVERYWHERE):
        return f"ALTER ROLE {role or 'ALL'} RESET {parameter}"
    subject = f"ROLE {role} IN DATABASE <name>" if role else "DATABASE <name>"
    return f"ALTER {subject} RESET {parameter}"


# A setting of a role in all databases belongs to the server, as the role does.
SETTING = Kind(
    ("setting",),
    (
        Query(
            None,
            f"""
            'setting',
            concat_ws(' ', split_part(c.text, '=', 1),
                'FOR ROLE ' || quote_ident(nullif(pg_get_userbyid(nullif(s.setrole, 0)), '')))
            || CASE s.setdatabase WHEN 0 THEN '{_EVERYWHERE}' ELSE '' END,
            CASE WHEN s.setrole <> 0 THEN 'role' END,
            CASE WHEN s.setrole <> 0 THEN quote_ident(pg_get_userbyid(s.setrole)) END,
            substr(c.text, strpos(c.text, '=') + 1)
            """,
            """
            pg_db_role_setting s
            CROSS JOIN LATERAL unnest(s.setconfig) AS c(text)
            LEFT JOIN pg_database b ON b.oid = s.setdatabase
            """,
            "b.datname = current_database() OR s.setdatabase = 0",
        ),
    ),
    drop=_reset,
    per_installation=True,
)
# Most are numbered by the server, and another number says nothing. They are data, as rows are.
LARGE_OBJECT = Kind(
    ("large object",),
    (
        Query(
            ("pg_largeobject_metadata", "o.oid"),
            """
            'large object', 'number ' || row_number() OVER (ORDER BY o.oid), NULL, NULL,
            'owner ' || quote_ident(pg_get_userbyid(o.lomowner))
            """,
            "pg_largeobject_metadata o",
        ),
    ),
    drop="SELECT lo_unlink(<oid>)",
    per_installation=True,
)


def setting_role(name: str) -> str | None:
    """Return the role whose setting in all databases has a name; None for any other setting."""
    if not name.endswith(_EVERYWHERE):
        return None
    return name.removesuffix(_EVERYWHERE).partition(" FOR ROLE ")[2]
