"""Roles, which belong to the server, and what is set for a role or for this database.

On a server that others use at the same time, a role that they make between two snapshots is seen
too; a server that is ours alone has no such guests.
"""

from __future__ import annotations

QUERIES = (
    """
    SELECT 'role', quote_ident(a.rolname), NULL, NULL,
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
    FROM pg_roles a WHERE a.rolname !~ '^pg_'
    """,
    """
    SELECT 'setting',
           concat_ws(' ', split_part(c.text, '=', 1),
               'FOR ROLE ' || quote_ident(nullif(pg_get_userbyid(nullif(s.setrole, 0)), ''))),
           CASE WHEN s.setrole <> 0 THEN 'role' END,
           CASE WHEN s.setrole <> 0 THEN quote_ident(pg_get_userbyid(s.setrole)) END,
           substr(c.text, strpos(c.text, '=') + 1)
    FROM pg_db_role_setting s
    CROSS JOIN LATERAL unnest(s.setconfig) AS c(text)
    LEFT JOIN pg_database b ON b.oid = s.setdatabase
    WHERE b.datname = current_database()
    """,
)
