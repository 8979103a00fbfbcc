"""Grants, owners and default privileges, as far as they differ from PostgreSQL's defaults.

An access list that was never changed is NULL and means the default, so only lists that were changed
are read, and only where they differ from the default. The name of a grant is what follows ON in a
GRANT statement.
"""

# ruff: noqa: S608 - SQL made of our own text only

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.postgres.names import split_name
from revgate.postgres.snapshot.kind import USER_SCHEMA, Kind, Query, standalone

if TYPE_CHECKING:
    from revgate.postgres.snapshot.change import CatalogueChange

_FUNCTION = "CASE o.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END"
_SIGNATURE = (
    "quote_ident(n.nspname) || '.' || quote_ident(o.proname)"
    " || '(' || pg_get_function_identity_arguments(o.oid) || ')'"
)
_TYPE = "CASE o.typtype WHEN 'd' THEN 'domain' ELSE 'type' END"
_ON_RELATIONS = """
    SELECT o.oid, CASE o.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || o.name AS target,
           o.kind, o.name, o.relacl AS granted,
           acldefault(CASE o.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", o.relowner) AS usual
    FROM relation o WHERE o.relacl IS NOT NULL
    UNION ALL
    SELECT o.oid, 'COLUMN ' || o.name || '.' || quote_ident(a.attname),
           CASE o.kind WHEN 'table' THEN 'column' ELSE o.kind END,
           CASE o.kind WHEN 'table' THEN o.name || '.' || quote_ident(a.attname) ELSE o.name END,
           a.attacl, acldefault('c', o.relowner)
    FROM relation o JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum > 0
    WHERE a.attacl IS NOT NULL AND NOT a.attisdropped
"""
_ON_FUNCTIONS = f"""
    SELECT o.oid, upper({_FUNCTION}) || ' ' || {_SIGNATURE} AS target, {_FUNCTION} AS kind,
           {_SIGNATURE} AS name, o.proacl AS granted, acldefault('f', o.proowner) AS usual
    FROM pg_proc o JOIN pg_namespace n ON n.oid = o.pronamespace
    WHERE o.proacl IS NOT NULL AND {USER_SCHEMA} AND {standalone("pg_proc", "o.oid")}
"""
_ON_TYPES = f"""
    SELECT o.oid, 'TYPE ' || quote_ident(n.nspname) || '.' || quote_ident(o.typname) AS target,
           {_TYPE} AS kind, quote_ident(n.nspname) || '.' || quote_ident(o.typname) AS name,
           o.typacl AS granted, acldefault('T', o.typowner) AS usual
    FROM pg_type o JOIN pg_namespace n ON n.oid = o.typnamespace
    WHERE o.typacl IS NOT NULL AND {USER_SCHEMA} AND {standalone("pg_type", "o.oid")}
"""
_ON_OTHERS = f"""
    SELECT n.oid, 'SCHEMA ' || quote_ident(n.nspname) AS target, 'schema' AS kind,
           quote_ident(n.nspname) AS name, n.nspacl AS granted,
           acldefault('n', n.nspowner) AS usual
    FROM pg_namespace n
    WHERE n.nspacl IS NOT NULL AND (n.nspname = 'public'
          OR {USER_SCHEMA} AND {standalone("pg_namespace", "n.oid")})
    UNION ALL
    SELECT o.oid, 'FOREIGN DATA WRAPPER ' || quote_ident(o.fdwname), 'foreign data wrapper',
           quote_ident(o.fdwname), o.fdwacl, acldefault('F', o.fdwowner)
    FROM pg_foreign_data_wrapper o WHERE o.fdwacl IS NOT NULL
    UNION ALL
    SELECT o.oid, 'FOREIGN SERVER ' || quote_ident(o.srvname), 'server', quote_ident(o.srvname),
           o.srvacl, acldefault('S', o.srvowner)
    FROM pg_foreign_server o WHERE o.srvacl IS NOT NULL
    UNION ALL
    SELECT o.oid, 'DATABASE', NULL, NULL, o.datacl, acldefault('d', o.datdba)
    FROM pg_database o WHERE o.datacl IS NOT NULL AND o.datname = current_database()
"""


def _granted(catalog: str | None, lists: str) -> Query:
    """Return the query for the grants in some access lists.

    Args:
        catalog: The system catalog that has the lists; None for several.
        lists: The lists, each with the oid of its object and the default.
    """
    return Query(
        (catalog, "g.oid") if catalog else None,
        """
        'grant', g.target || ' TO ' || g.grantee, g.kind, g.name, coalesce(g.granted, 'nothing')
        """,
        f"""
        (
            SELECT l.oid, l.target, l.kind, l.name,
                   CASE x.grantee WHEN 0 THEN 'PUBLIC'
                                  ELSE quote_ident(pg_get_userbyid(x.grantee)) END AS grantee,
                   string_agg(x.privilege, ', ' ORDER BY x.privilege)
                       FILTER (WHERE x.real) AS granted,
                   string_agg(x.privilege, ', ' ORDER BY x.privilege)
                       FILTER (WHERE NOT x.real) AS usual
            FROM ({lists}) l
            CROSS JOIN LATERAL (
                SELECT e.grantee, e.privilege_type
                       || CASE WHEN e.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
                       AS privilege,
                       true AS real
                FROM aclexplode(l.granted) e
                UNION ALL
                SELECT e.grantee, e.privilege_type, false FROM aclexplode(l.usual) e
            ) x
            GROUP BY l.oid, l.target, l.kind, l.name, x.grantee
        ) g
        """,
        "g.granted IS DISTINCT FROM g.usual",
    )


def _owned(catalog: str | None, source: str) -> Query:
    """Return the query for owners other than the database's.

    Args:
        catalog: The system catalog that has the objects; None for none that is a unit.
        source: The objects: their oid, kind, name and owner.
    """
    return Query(
        (catalog, "o.oid") if catalog else None,
        """
        'owner', upper(o.kind) || ' ' || o.name, o.kind, o.name,
        quote_ident(pg_get_userbyid(o.owner))
        """,
        f"({source}) o",
        """
        o.owner <> (SELECT b.datdba FROM pg_database b WHERE b.datname = current_database())
        """,
    )


_OWNED_RELATIONS = """
    SELECT o.oid, o.kind, o.name, o.relowner AS owner FROM relation o
    WHERE o.relkind NOT IN ('i', 'I')
"""
_OWNED_FUNCTIONS = f"""
    SELECT o.oid, {_FUNCTION} AS kind, {_SIGNATURE} AS name, o.proowner AS owner
    FROM pg_proc o JOIN pg_namespace n ON n.oid = o.pronamespace
    WHERE {USER_SCHEMA} AND {standalone("pg_proc", "o.oid", "ei")}
"""
_OWNED_TYPES = f"""
    SELECT o.oid, {_TYPE} AS kind,
           quote_ident(n.nspname) || '.' || quote_ident(o.typname) AS name, o.typowner AS owner
    FROM pg_type o JOIN pg_namespace n ON n.oid = o.typnamespace
    WHERE {USER_SCHEMA} AND {standalone("pg_type", "o.oid", "ei")}
      AND o.typrelid = 0 AND o.typtype IN ('e', 'd', 'r', 'b')
      AND NOT EXISTS (SELECT 1 FROM pg_type e WHERE e.typarray = o.oid)
"""
_OWNED_SCHEMAS = f"""
    SELECT n.oid, 'schema' AS kind, quote_ident(n.nspname) AS name, n.nspowner AS owner
    FROM pg_namespace n WHERE {USER_SCHEMA} AND {standalone("pg_namespace", "n.oid")}
"""


def _revoke(change: CatalogueChange) -> str:
    """Return the statement that undoes a grant; a GRANT where a default privilege was revoked."""
    target, _, grantee = change.name.rpartition(" TO ")
    if target == "DATABASE":
        target = "DATABASE <name>"
    if target.startswith("COLUMN "):
        table, column = split_name(target.removeprefix("COLUMN "))
        return f"REVOKE ALL ({column}) ON TABLE {table} FROM {grantee}"
    if change.after == "nothing":
        return f"GRANT ALL ON {target} TO {grantee}"
    return f"REVOKE ALL ON {target} FROM {grantee}"


GRANT = Kind(
    ("grant",),
    (
        _granted("pg_class", _ON_RELATIONS),
        _granted("pg_proc", _ON_FUNCTIONS),
        _granted("pg_type", _ON_TYPES),
        _granted(None, _ON_OTHERS),
    ),
    drop=_revoke,
    label="grant on `{name}`",
    per_installation=True,
)
OWNER = Kind(
    ("owner",),
    (
        _owned("pg_class", _OWNED_RELATIONS),
        _owned("pg_proc", _OWNED_FUNCTIONS),
        _owned("pg_type", _OWNED_TYPES),
        _owned(None, _OWNED_SCHEMAS),
    ),
    drop="",
    restore="ALTER {name} OWNER TO {before}",
    restores_changes=True,
    label="owner of `{name}`",
    per_installation=True,
)
DEFAULT_PRIVILEGES = Kind(
    ("default privileges",),
    (
        Query(
            ("pg_default_acl", "a.oid"),
            """
            'default privileges',
            concat_ws(' ', 'FOR ROLE', quote_ident(pg_get_userbyid(a.defaclrole)),
                'IN SCHEMA ' || quote_ident(n.nspname),
                'ON', CASE a.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES'
                                           WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES'
                                           WHEN 'n' THEN 'SCHEMAS' ELSE a.defaclobjtype::text END),
            CASE WHEN n.oid IS NOT NULL THEN 'schema' END, quote_ident(n.nspname),
            (SELECT string_agg(i::text, ', ' ORDER BY i::text) FROM unnest(a.defaclacl) AS i)
            """,
            "pg_default_acl a LEFT JOIN pg_namespace n ON n.oid = a.defaclnamespace",
        ),
    ),
    drop="",
    label="default privileges on `{name}`",
    per_installation=True,
)
