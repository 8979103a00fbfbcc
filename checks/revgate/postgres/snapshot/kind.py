"""What a kind of catalogue object is to a snapshot: one query.

Each module beside this one holds the kinds of one sort and the SQL that lists them. Every query
returns the same columns: the kind's name, the object's name (quoted, with its schema), the kind and
name of what it belongs to, and one text that says all that is compared. All of them are parts of
one statement, which begins with `RELATIONS`: they may read from `relation`. The search path is
empty while it runs, so PostgreSQL writes every name out in full.
"""

# ruff: noqa: S608 - SQL of our own words only

from __future__ import annotations

RELATIONS = """
WITH relation AS MATERIALIZED (
    SELECT c.*, n.nspname, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name,
           CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                          WHEN 'S' THEN 'sequence' WHEN 'c' THEN 'type'
                          WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' ELSE 'table' END AS kind
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND NOT ({version_table})
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                      AND d.objid = c.oid AND d.deptype = 'e')
)
"""
"""Relations of user schemas, without those of extensions and without the version table."""

FIRST_OID = 16384
"""The first that initdb did not give away. It gave away thousands, and an index leads past them."""

USER_SCHEMA = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"


def not_made_by_another(catalogue: str, oid: str, kinds: str = "e") -> str:
    """Return the condition that an object is not initdb's, an extension's, or made along.

    Args:
        catalogue: The system catalogue that the object is in.
        oid: The SQL expression of its oid.
        kinds: Dependency types: `e` of an extension, `i` internal to another object.
    """
    types = ", ".join(f"'{kind}'" for kind in kinds)
    return (
        f"{oid} >= {FIRST_OID} AND NOT EXISTS (SELECT 1 FROM pg_depend d"
        f" WHERE d.classid = '{catalogue}'::regclass AND d.objid = {oid}"
        f" AND d.deptype IN ({types}))"
    )
