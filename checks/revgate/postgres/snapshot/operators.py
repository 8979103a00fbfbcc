"""What few histories make: casts, operators and their classes, collations, text search, languages.

Each with as much of its definition as tells one from another.
"""

# ruff: noqa: S608 - SQL of our own words only

from __future__ import annotations

from revgate.postgres.snapshot.kind import USER_SCHEMA, not_made_by_another


def _in_schema(kind: str, catalogue: str, prefix: str, facts: str) -> str:
    """Return the query of a kind whose catalogue names its columns by a prefix."""
    return f"""
    SELECT '{kind}', quote_ident(n.nspname) || '.' || quote_ident(o.{prefix}name),
           'schema', quote_ident(n.nspname), {facts}
    FROM {catalogue} o JOIN pg_namespace n ON n.oid = o.{prefix}namespace
    WHERE {USER_SCHEMA} AND {not_made_by_another(catalogue, "o.oid", "ei")}
    """


_METHOD = "(SELECT m.amname FROM pg_am m WHERE m.oid = o.{0})"

QUERIES = (
    f"""
    SELECT 'operator', o.oid::regoperator::text, 'schema', quote_ident(n.nspname),
           concat_ws(' ', o.oprcode, o.oprrest, o.oprjoin, o.oprcanhash, o.oprcanmerge)
    FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
    WHERE {USER_SCHEMA} AND {not_made_by_another("pg_operator", "o.oid")}
    """,
    f"""
    SELECT 'operator class',
           quote_ident(n.nspname) || '.' || quote_ident(o.opcname) || ' USING '
           || {_METHOD.format("opcmethod")},
           'schema', quote_ident(n.nspname),
           concat_ws(' ', o.opcintype::regtype, o.opcdefault, nullif(o.opckeytype, 0)::regtype)
    FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace
    WHERE {USER_SCHEMA} AND {not_made_by_another("pg_opclass", "o.oid")}
    """,
    f"""
    SELECT 'operator family',
           quote_ident(n.nspname) || '.' || quote_ident(o.opfname) || ' USING '
           || {_METHOD.format("opfmethod")},
           'schema', quote_ident(n.nspname),
           coalesce((SELECT string_agg(a.amopstrategy || ' ' || a.amopopr::regoperator, ', '
                                       ORDER BY a.amopstrategy, a.amopopr::regoperator::text)
                     FROM pg_amop a WHERE a.amopfamily = o.oid), '')
    FROM pg_opfamily o JOIN pg_namespace n ON n.oid = o.opfnamespace
    WHERE {USER_SCHEMA} AND {not_made_by_another("pg_opfamily", "o.oid")}
    """,
    _in_schema(
        "collation",
        "pg_collation",
        "coll",
        "concat_ws(' ', o.collprovider, o.collcollate, o.collctype, o.collisdeterministic,"
        " coalesce(to_jsonb(o) ->> 'colllocale', to_jsonb(o) ->> 'colliculocale'))",
    ),
    _in_schema(
        "text search configuration",
        "pg_ts_config",
        "cfg",
        "coalesce((SELECT string_agg(m.maptokentype || ' ' || m.mapdict::regdictionary, ', '"
        " ORDER BY m.maptokentype, m.mapseqno) FROM pg_ts_config_map m WHERE m.mapcfg = o.oid),"
        " '')",
    ),
    _in_schema(
        "text search dictionary",
        "pg_ts_dict",
        "dict",
        "concat_ws(' ', (SELECT t.tmplname FROM pg_ts_template t WHERE t.oid = o.dicttemplate),"
        " o.dictinitoption)",
    ),
    f"""
    SELECT 'cast', '(' || format_type(c.castsource, NULL) || ' AS '
           || format_type(c.casttarget, NULL) || ')', NULL, NULL,
           concat_ws(' ', nullif(c.castfunc, 0)::regprocedure, c.castcontext, c.castmethod)
    FROM pg_cast c
    WHERE {not_made_by_another("pg_cast", "c.oid", "ei")}
    """,
    f"""
    SELECT 'language', quote_ident(l.lanname), NULL, NULL,
           concat_ws(' ', l.lanpltrusted, nullif(l.lanplcallfoid, 0)::regproc)
    FROM pg_language l
    WHERE {not_made_by_another("pg_language", "l.oid")}
    """,
    f"""
    SELECT 'access method', quote_ident(m.amname), NULL, NULL,
           concat_ws(' ', m.amtype, m.amhandler)
    FROM pg_am m
    WHERE {not_made_by_another("pg_am", "m.oid")}
    """,
)
