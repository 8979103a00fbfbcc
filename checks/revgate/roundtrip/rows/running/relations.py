"""The tables and views that existing code can name, and the rows that are in them."""

# ruff: noqa: S608 - SQL of our own words, and names that PostgreSQL quoted

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MOST_ROWS = 6
WRITABLE = ("r", "p")


class Column(NamedTuple):
    """A column of a table or view."""

    number: int
    name: str
    """Quoted."""
    word: str
    """Its type's own name, or that of the type below its domain: `int4`."""
    type: str
    """As messages write it."""
    modifier: int
    not_null: bool
    default: str
    identity: str
    """`a` always, `d` by default; empty if it is none."""
    generated: bool
    labels: tuple[str, ...]
    """Of an enum."""

    @property
    def is_counted(self) -> bool:
        """Whether the database numbers the rows by it."""
        return bool(self.identity) or "nextval(" in self.default


class Relation(NamedTuple):
    """A table or view."""

    oid: int
    name: str
    """Quoted, with its schema."""
    kind: str
    """`r` ordinary, `p` partitioned, `f` foreign, `v` view, `m` materialized view."""
    roles: tuple[str, ...]
    """Quoted names of its owner and of those with a privilege on it, except superusers."""
    sequences: tuple[int, ...]
    """Oids of the sequences that count its rows."""
    columns: tuple[Column, ...]


Row = tuple[str | None, ...]
"""The text of the value in each column of a relation."""

_NAME = "quote_ident(n.nspname) || '.' || quote_ident(c.relname)"
_RELATIONS = f"""
SELECT c.oid::int8, {_NAME}, c.relkind::text,
       ARRAY(SELECT DISTINCT quote_ident(o.rolname) FROM pg_roles o
             WHERE NOT o.rolsuper AND (o.oid = c.relowner
                   OR o.oid IN (SELECT x.grantee FROM aclexplode(c.relacl) x))),
       ARRAY(SELECT q.oid::int8 FROM pg_depend d JOIN pg_class q ON q.oid = d.objid
             WHERE d.classid = 'pg_class'::regclass AND d.refobjid = c.oid
               AND d.refclassid = 'pg_class'::regclass AND q.relkind = 'S'),
       (SELECT coalesce(jsonb_agg(jsonb_build_array(
            a.attnum, quote_ident(a.attname), b.typname, format_type(a.atttypid, a.atttypmod),
            CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END, a.attnotnull,
            coalesce(pg_get_expr(d.adbin, d.adrelid), ''), a.attidentity, a.attgenerated <> '',
            ARRAY(SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid = b.oid
                  ORDER BY e.enumsortorder)) ORDER BY a.attnum), '[]')
        FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT c.relispartition AND {_NAME} = ANY (%s)
ORDER BY 2
"""
# Functions that mention the name of another one may call it.
_DEPENDENT = f"""
WITH RECURSIVE function (oid, name) AS (
    SELECT p.oid, p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE quote_ident(n.nspname) || '.' || quote_ident(p.proname)
          || '(' || pg_get_function_identity_arguments(p.oid) || ')' = ANY (%s)
    UNION
    SELECT q.oid, q.proname FROM function f
    JOIN pg_proc q ON q.oid >= 16384 AND position(f.name::text IN q.prosrc) > 0
)
SELECT DISTINCT {_NAME} FROM function f
JOIN pg_depend d ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = f.oid
LEFT JOIN pg_trigger t ON d.classid = 'pg_trigger'::regclass AND t.oid = d.objid
LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
LEFT JOIN pg_attrdef e ON d.classid = 'pg_attrdef'::regclass AND e.oid = d.objid
LEFT JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid
JOIN pg_class c ON c.oid = coalesce(t.tgrelid, w.ev_class, nullif(k.conrelid, 0), e.adrelid,
                                    p.polrelid)
JOIN pg_namespace n ON n.oid = c.relnamespace
"""


def read_relations(cursor: Any, names: Iterable[str]) -> list[Relation]:
    """Read the tables and views of some names, as far as they exist; not partitions."""
    cursor.execute(_RELATIONS, (list(names),))
    return [
        Relation(oid, name, kind, tuple(roles), tuple(sequences), tuple(map(_column, columns)))
        for oid, name, kind, roles, sequences, columns in cursor.fetchall()
    ]


def _column(facts: Sequence[Any]) -> Column:
    *plain, labels = facts
    return Column._make((*plain, tuple(labels)))


def dependents(cursor: Any, functions: Sequence[str]) -> list[str]:
    """Return the names of the relations that use some functions, also through other functions."""
    if not functions:
        return []
    cursor.execute(_DEPENDENT, (list(functions),))
    return [name for (name,) in cursor.fetchall()]


def read_rows(cursor: Any, relations: Iterable[Relation]) -> dict[int, list[Row]]:
    """Read a few rows of each table: some of each partition, and those with the most nulls."""
    queries = []
    for each in relations:
        if each.kind in WRITABLE:
            texts = ", ".join(f"{column.name}::text" for column in each.columns)
            nulls = f"num_nulls({', '.join(column.name for column in each.columns)})"
            order = nulls if each.columns else "0"
            queries.append(
                f"SELECT {each.oid}, ARRAY[{texts}]::text[] FROM (SELECT *, row_number() OVER"
                f" (PARTITION BY tableoid ORDER BY {order}, ctid) AS revgate_first, row_number()"
                f" OVER (PARTITION BY tableoid ORDER BY {order} DESC, ctid) AS revgate_last"
                f" FROM {each.name}) q WHERE revgate_first <= 2 OR revgate_last = 1"
                f" ORDER BY revgate_first LIMIT {_MOST_ROWS}"
            )
    if not queries:
        return {}
    cursor.execute(" UNION ALL ".join(f"({query})" for query in queries))
    rows: dict[int, list[Row]] = {}
    for oid, values in cursor.fetchall():
        rows.setdefault(oid, []).append(tuple(values))
    return rows


def fullest_first(rows: Iterable[Row]) -> list[Row]:
    """Return the different rows, the one with the fewest nulls first."""
    return sorted(dict.fromkeys(rows), key=lambda row: row.count(None))
