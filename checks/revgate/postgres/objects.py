"""Reads tables, indexes and types from the catalog as records, for rules that judge a schema.

Snapshots have the same objects as text, which is enough to compare them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from revgate.postgres.connect import Address


class Column(NamedTuple):
    """A column of a table."""

    number: int
    name: str
    type: str
    """As SQL writes it, with its modifier: `character varying(20)`."""
    base: str
    """The name of the type in `pg_type`, or that of its elements: `varchar`."""
    modifier: int
    """-1 for none."""
    inherited: bool
    counts: bool
    """Whether a sequence fills it."""


class Constraint(NamedTuple):
    """A constraint of a table."""

    oid: int
    name: str
    kind: str
    """As in `contype`: `p`, `u`, `f`, `c` or `x`."""
    columns: tuple[int, ...]
    inherited: bool


class Index(NamedTuple):
    """An index of a table, also one that serves a constraint."""

    oid: int
    name: str
    method: str
    keys: tuple[str, ...]
    """Column or expression, operator class, collation and order of each key."""
    columns: tuple[int, ...]
    """The number of each key's column; 0 for an expression."""
    included: tuple[int, ...]
    condition: str
    """Of a partial index."""
    unique: bool
    traits: tuple[bool, ...]
    """What else must be equal in two unique indexes that are the same."""
    valid: bool
    special: bool
    """Whether it serves an exclusion constraint, or is the identity of rows in replication."""


class Table(NamedTuple):
    """A table that is neither a partition nor foreign."""

    oid: int
    name: str
    """Quoted where SQL requires it, with its schema; the names within are quoted likewise."""
    kind: str
    """As in `relkind`: `r` or `p`."""
    columns: tuple[Column, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    indexes: tuple[Index, ...] = ()

    def column(self, number: int) -> Column:
        """Return the column with a number."""
        return next(each for each in self.columns if each.number == number)


class Type(NamedTuple):
    """An enum or a domain."""

    oid: int
    name: str
    kind: str
    """As in `typtype`: `e` or `d`."""
    checks: tuple[tuple[int, str], ...]
    """Oid and name of each CHECK constraint."""


_TABLES = """
SELECT c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid IN (SELECT to_regclass(name)::oid FROM unnest(%s) AS named (name))
  AND c.relkind IN ('r', 'p') AND NOT c.relispartition
"""
_COLUMNS = """
SELECT a.attrelid, a.attnum, quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
       coalesce(e.typname, t.typname)::text, a.atttypmod, a.attinhcount > 0,
       a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%%', false)
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.attgenerated = ''
WHERE a.attrelid = ANY (%s) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""
_CONSTRAINTS = """
SELECT k.conrelid, k.oid, quote_ident(k.conname), k.contype::text,
       coalesce(k.conkey, '{}')::int4[], NOT k.conislocal
FROM pg_constraint k
WHERE k.conrelid = ANY (%s) AND k.contype IN ('p', 'u', 'f', 'c', 'x') AND k.conparentid = 0
ORDER BY k.conrelid, k.oid
"""
# Only some versions have NULLS NOT DISTINCT. These vectors start at 0.
_INDEXES = """
SELECT i.indrelid, i.indexrelid, quote_ident(x.relname), m.amname::text,
       ARRAY(SELECT concat_ws(' ', pg_get_indexdef(i.indexrelid, k, false), i.indclass[k - 1],
                              i.indcollation[k - 1], i.indoption[k - 1])
             FROM generate_series(1, i.indnkeyatts) k ORDER BY k),
       i.indkey::int2[]::int4[], i.indnkeyatts, coalesce(pg_get_expr(i.indpred, i.indrelid), ''),
       i.indisunique, i.indimmediate,
       coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false),
       i.indisvalid, i.indisexclusion OR i.indisreplident
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
WHERE i.indrelid = ANY (%s)
ORDER BY i.indrelid, i.indexrelid
"""
_TYPES = """
SELECT t.oid, quote_ident(n.nspname) || '.' || quote_ident(t.typname), t.typtype::text,
       ARRAY(SELECT k.oid::int8 FROM pg_constraint k
             WHERE k.contypid = t.oid AND k.contype = 'c' ORDER BY k.oid),
       ARRAY(SELECT quote_ident(k.conname) FROM pg_constraint k
             WHERE k.contypid = t.oid AND k.contype = 'c' ORDER BY k.oid)
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.oid IN (SELECT to_regtype(name)::oid FROM unnest(%s) AS named (name))
  AND t.typtype IN ('e', 'd')
"""


def read(address: Address, tables: Sequence[str], types: Sequence[str]) -> list[Table | Type]:
    """Read tables and types.

    Args:
        address: The database.
        tables: Names as a snapshot has them; those of partitions and foreign tables are skipped.
        types: Likewise; only enums and domains are returned.
    """
    from revgate.postgres.connect import connect

    connection = connect(address)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET search_path = ''")
            return [*_tables(cursor, tables), *_types(cursor, types)]
    finally:
        connection.close()


def _tables(cursor: Any, names: Sequence[str]) -> list[Table]:
    found = [Table(*row) for row in _rows(cursor, _TABLES, names)]
    oids = [each.oid for each in found]
    columns, constraints, indexes = (
        _grouped(_rows(cursor, query, oids)) for query in (_COLUMNS, _CONSTRAINTS, _INDEXES)
    )
    return [
        each._replace(
            columns=tuple(Column._make(row) for row in columns.get(each.oid, ())),
            constraints=tuple(_constraint(*row) for row in constraints.get(each.oid, ())),
            indexes=tuple(_index(*row) for row in indexes.get(each.oid, ())),
        )
        for each in found
    ]


def _types(cursor: Any, names: Sequence[str]) -> list[Type]:
    return [
        Type(oid, name, kind, tuple(zip(oids, checks, strict=True)))
        for oid, name, kind, oids, checks in _rows(cursor, _TYPES, names)
    ]


def _rows(cursor: Any, query: str, values: Sequence[object]) -> list[Any]:
    if not values:
        return []
    cursor.execute(query, (list(values),))
    rows: list[Any] = cursor.fetchall()
    return rows


def _grouped(rows: Iterable[Any]) -> dict[int, list[Any]]:
    groups: dict[int, list[Any]] = {}
    for oid, *rest in rows:
        groups.setdefault(oid, []).append(rest)
    return groups


def _constraint(oid: int, name: str, kind: str, columns: list[int], inherited: bool) -> Constraint:  # noqa: FBT001 - a row
    return Constraint(oid, name, kind, tuple(columns), inherited)


def _index(
    oid: int, name: str, method: str, keys: list[str], columns: list[int], count: int, *rest: Any
) -> Index:
    condition, unique, *traits, valid, special = rest
    return Index(
        oid, name, method, tuple(keys), tuple(columns[:count]), tuple(columns[count:]), condition,
        unique, tuple(traits), valid, special,
    )  # fmt: skip
