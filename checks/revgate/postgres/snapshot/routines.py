"""Functions, procedures and aggregates, and rarer kinds that are built on them.

The rarer kinds are operators and their classes, casts, collations, text search, languages and
access methods, each with enough of its definition to tell one from another.
"""

# ruff: noqa: S608 - SQL made of our own text only

from __future__ import annotations

from revgate.postgres.snapshot.kind import USER_SCHEMA, Kind, Query

_SIGNATURE = """quote_ident(n.nspname) || '.' || quote_ident(p.proname)
            || '(' || pg_get_function_identity_arguments(p.oid) || ')'"""
_PROC = "pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"

FUNCTION = Kind(
    ("function", "procedure"),
    (
        Query(
            ("pg_proc", "p.oid"),
            f"""
            CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, {_SIGNATURE},
            'schema', quote_ident(n.nspname), pg_get_functiondef(p.oid)
            """,
            _PROC,
            f"{USER_SCHEMA} AND p.prokind <> 'a'",
            made_with="ei",
        ),
    ),
    restore="{line}",
    resettable=True,
)
AGGREGATE = Kind(
    ("aggregate",),
    (
        Query(
            ("pg_proc", "p.oid"),
            f"""
            'aggregate', {_SIGNATURE}, 'schema', quote_ident(n.nspname),
            concat_ws(' ', pg_get_function_result(p.oid), a.aggtransfn, a.aggfinalfn,
                      a.aggtranstype::regtype, a.agginitval)
            """,
            f"{_PROC} JOIN pg_aggregate a ON a.aggfnoid = p.oid",
            f"{USER_SCHEMA} AND p.prokind = 'a'",
            made_with="ei",
        ),
    ),
    resettable=True,
)


def _in_schema(title: str, catalog: str, prefix: str, facts: str) -> Kind:
    """Return a kind whose catalog names its columns by a prefix."""
    query = Query(
        (catalog, "o.oid"),
        f"""
        '{title}', quote_ident(n.nspname) || '.' || quote_ident(o.{prefix}name),
        'schema', quote_ident(n.nspname), {facts}
        """,
        f"{catalog} o JOIN pg_namespace n ON n.oid = o.{prefix}namespace",
        USER_SCHEMA,
        made_with="ei",
    )
    return Kind((title,), (query,))


_METHOD = "(SELECT m.amname FROM pg_am m WHERE m.oid = o.{0})"

OPERATOR = Kind(
    ("operator",),
    (
        Query(
            ("pg_operator", "o.oid"),
            """
            'operator', o.oid::regoperator::text, 'schema', quote_ident(n.nspname),
            concat_ws(' ', o.oprcode, o.oprrest, o.oprjoin, o.oprcanhash, o.oprcanmerge)
            """,
            "pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace",
            USER_SCHEMA,
            made_with="e",
        ),
    ),
)
OPERATOR_CLASS = Kind(
    ("operator class",),
    (
        Query(
            ("pg_opclass", "o.oid"),
            f"""
            'operator class',
            quote_ident(n.nspname) || '.' || quote_ident(o.opcname) || ' USING '
            || {_METHOD.format("opcmethod")},
            'schema', quote_ident(n.nspname),
            concat_ws(' ', o.opcintype::regtype, o.opcdefault, nullif(o.opckeytype, 0)::regtype)
            """,
            "pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace",
            USER_SCHEMA,
            made_with="e",
        ),
    ),
)
OPERATOR_FAMILY = Kind(
    ("operator family",),
    (
        Query(
            ("pg_opfamily", "o.oid"),
            f"""
            'operator family',
            quote_ident(n.nspname) || '.' || quote_ident(o.opfname) || ' USING '
            || {_METHOD.format("opfmethod")},
            'schema', quote_ident(n.nspname),
            coalesce((SELECT string_agg(a.amopstrategy || ' ' || a.amopopr::regoperator, ', '
                                        ORDER BY a.amopstrategy, a.amopopr::regoperator::text)
                      FROM pg_amop a WHERE a.amopfamily = o.oid), '')
            """,
            "pg_opfamily o JOIN pg_namespace n ON n.oid = o.opfnamespace",
            USER_SCHEMA,
            made_with="e",
        ),
    ),
)
# The locale of ICU is in `collcollate` and `collctype` up to PostgreSQL 14.
COLLATION = _in_schema(
    "collation",
    "pg_collation",
    "coll",
    """
    concat_ws(' ', o.collprovider, o.collisdeterministic,
              coalesce(to_jsonb(o) ->> 'colllocale', to_jsonb(o) ->> 'colliculocale',
                       o.collcollate),
              nullif(o.collctype, o.collcollate))
    """,
)
TEXT_SEARCH_CONFIGURATION = _in_schema(
    "text search configuration",
    "pg_ts_config",
    "cfg",
    """
    coalesce((SELECT string_agg(m.maptokentype || ' ' || m.mapdict::regdictionary, ', '
                                ORDER BY m.maptokentype, m.mapseqno)
              FROM pg_ts_config_map m WHERE m.mapcfg = o.oid), '')
    """,
)
TEXT_SEARCH_DICTIONARY = _in_schema(
    "text search dictionary",
    "pg_ts_dict",
    "dict",
    """
    concat_ws(' ', (SELECT t.tmplname FROM pg_ts_template t WHERE t.oid = o.dicttemplate),
              o.dictinitoption)
    """,
)
CAST = Kind(
    ("cast",),
    (
        Query(
            ("pg_cast", "c.oid"),
            """
            'cast', '(' || format_type(c.castsource, NULL) || ' AS '
            || format_type(c.casttarget, NULL) || ')', NULL, NULL,
            concat_ws(' ', nullif(c.castfunc, 0)::regprocedure, c.castcontext, c.castmethod)
            """,
            "pg_cast c",
            made_with="ei",
        ),
    ),
)
LANGUAGE = Kind(
    ("language",),
    (
        Query(
            ("pg_language", "l.oid"),
            """
            'language', quote_ident(l.lanname), NULL, NULL,
            concat_ws(' ', l.lanpltrusted, nullif(l.lanplcallfoid, 0)::regproc)
            """,
            "pg_language l",
            made_with="e",
        ),
    ),
)
ACCESS_METHOD = Kind(
    ("access method",),
    (
        Query(
            ("pg_am", "m.oid"),
            """
            'access method', quote_ident(m.amname), NULL, NULL,
            concat_ws(' ', m.amtype, m.amhandler)
            """,
            "pg_am m",
            made_with="e",
        ),
    ),
)
