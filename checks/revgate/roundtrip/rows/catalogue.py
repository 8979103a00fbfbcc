"""What a row of a table must satisfy, read from `pg_catalog`.

Names are quoted for SQL. A partitioned table represents all of its partitions.
"""

# ruff: noqa: S608 - SQL of our own words only

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.roundtrip.rows.counters import Counters

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LEAVES = 60
"""How many partitions of a table are read."""


class Type(NamedTuple):
    """A type, and its parts."""

    name: str
    """From `format_type`, without a modifier: `bpchar`, since `character` means `character(1)`."""
    word: str
    """Its own name: `int4`."""
    kind: str
    """`b` base, `e` enum, `d` domain, `c` composite, `r` range, `m` multirange, `p` pseudo."""
    element: int
    """Of an array; 0 for none."""
    base: int
    """Of a domain."""
    modifier: int
    """Of a domain's base."""
    not_null: bool
    """Of a domain."""
    part: int
    """The subtype of a range, or the range of a multirange."""
    labels: tuple[str, ...]
    checks: tuple[str, ...]
    """Of a domain; they call the value `VALUE`."""
    fields: tuple[tuple[int, int], ...]
    """Type and modifier of each field of a composite type."""


class Column(NamedTuple):
    """A column."""

    name: str
    type: int
    modifier: int
    not_null: bool
    default: str
    """Its expression, or that of a generated column; empty for none."""
    generated: bool


class ForeignKey(NamedTuple):
    """A foreign key."""

    columns: tuple[str, ...]
    target: int
    target_name: str
    target_columns: tuple[str, ...]
    deferrable: bool


class Check(NamedTuple):
    """A condition on a row."""

    expression: str
    columns: tuple[str, ...]


class Table(NamedTuple):
    """A table that is not a partition."""

    oid: int
    name: str
    kind: str
    """`r` ordinary, `p` partitioned, `f` foreign."""
    columns: tuple[Column, ...] = ()
    keys: tuple[tuple[tuple[str, ...], bool], ...] = ()
    """Columns of a unique key, and whether it is on an expression."""
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Check, ...] = ()
    leaves: tuple[Check, ...] = ()
    """The condition of each partition, at most `LEAVES`. Their disjunction is the last of the
    checks."""

    def column(self, name: str) -> Column:
        """Return the column with a name."""
        return next(each for each in self.columns if each.name == name)


class TableRows(NamedTuple):
    """A table or partition, and how many rows it holds itself."""

    oid: int
    root: int
    """The oid of the topmost table that it is a partition of, or its own."""
    name: str
    kind: str
    width: int
    """How many columns it has ever had."""
    rows: int


_TABLES = """
SELECT c.oid, CASE WHEN c.relispartition THEN pg_partition_root(c.oid)::oid ELSE c.oid END,
       quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind::text, c.relnatts
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'f')
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT (c.relname = %(table)s AND (%(schema)s IS NULL OR n.nspname = %(schema)s))
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                  AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 3
"""

# What code of the database reads with `current_setting`; PostgreSQL's own have no dot.
_SETTINGS = r"""
SELECT DISTINCT found[1]
FROM (SELECT prosrc FROM pg_proc WHERE oid >= 16384
      UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint
                WHERE oid >= 16384 AND contype = 'c'
      UNION ALL SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE oid >= 16384) t (text),
     regexp_matches(text, 'current_setting\(\s*[$'']+(\w+\.[\w.]+)', 'gi') found
"""

_COLUMNS = """
SELECT a.attrelid, quote_ident(a.attname), a.atttypid, a.atttypmod, a.attnotnull,
       coalesce(pg_get_expr(d.adbin, d.adrelid), ''), a.attgenerated <> ''
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY (%s) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""

_NAMES = """
ARRAY(SELECT quote_ident(a.attname) FROM unnest({numbers}) WITH ORDINALITY u (attnum, place)
      JOIN pg_attribute a ON a.attrelid = {table} AND a.attnum = u.attnum ORDER BY u.place)
"""

# An index depends on every column that it reads: in keys, expressions and its condition.
_KEYS = f"""
SELECT i.indrelid,
       CASE WHEN i.indexprs IS NULL THEN
           {_NAMES.format(numbers="i.indkey::int2[]", table="i.indrelid")}
       ELSE ARRAY(SELECT DISTINCT quote_ident(a.attname) FROM pg_depend d
                  JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                    AND d.refobjid = i.indrelid AND d.refobjsubid > 0) END,
       i.indexprs IS NOT NULL, i.indnkeyatts
FROM pg_index i
WHERE i.indrelid = ANY (%s) AND (i.indisunique OR i.indisexclusion)
ORDER BY i.indrelid, i.indisprimary DESC, i.indexrelid
"""

_FOREIGN_KEYS = f"""
SELECT c.conrelid, {_NAMES.format(numbers="c.conkey", table="c.conrelid")}, c.confrelid,
       quote_ident(n.nspname) || '.' || quote_ident(t.relname),
       {_NAMES.format(numbers="c.confkey", table="c.confrelid")}, c.condeferrable
FROM pg_constraint c JOIN pg_class t ON t.oid = c.confrelid
JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE c.conrelid = ANY (%s) AND c.contype = 'f' AND c.conparentid = 0
ORDER BY cardinality(c.conkey) DESC, c.oid
"""

_CHECKS = f"""
SELECT c.conrelid, pg_get_expr(c.conbin, c.conrelid),
       {_NAMES.format(numbers="c.conkey", table="c.conrelid")}
FROM pg_constraint c WHERE c.conrelid = ANY (%s) AND c.contype = 'c'
ORDER BY c.conrelid, c.conname
"""

_LEAVES = """
SELECT r.oid, coalesce(pg_get_partition_constraintdef(t.relid), 'true'),
       ARRAY(SELECT DISTINCT quote_ident(a.attname) FROM pg_partition_tree(r.oid) p
             JOIN pg_partitioned_table k ON k.partrelid = p.relid
             JOIN pg_attribute a ON a.attrelid = k.partrelid AND a.attnum = ANY (k.partattrs))
FROM pg_class r CROSS JOIN LATERAL pg_partition_tree(r.oid) t
WHERE r.oid = ANY (%s) AND r.relkind = 'p' AND t.isleaf AND t.relid <> r.oid
ORDER BY r.oid, t.relid
"""

_TYPES = """
SELECT t.oid, format_type(t.oid, -1), t.typname, t.typtype::text,
       CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END, t.typbasetype, t.typtypmod,
       t.typnotnull,
       coalesce((SELECT r.rngsubtype FROM pg_range r WHERE r.rngtypid = t.oid),
                (SELECT r.rngtypid FROM pg_range r WHERE r.rngmultitypid = t.oid), 0),
       ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid
             ORDER BY e.enumsortorder),
       ARRAY(SELECT pg_get_expr(c.conbin, 0) FROM pg_constraint c
             WHERE c.contypid = t.oid AND c.contype = 'c' ORDER BY c.conname),
       ARRAY(SELECT ARRAY[a.atttypid::int8, a.atttypmod] FROM pg_attribute a
             WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0
               AND NOT a.attisdropped ORDER BY a.attnum)
FROM pg_type t WHERE t.oid = ANY (%s)
"""


class Catalogue:
    """Reads the catalog through one cursor."""

    def __init__(
        self,
        cursor: Any,
        errors: type[Exception],
        version_table: str,
        version_schema: str | None,
    ) -> None:
        """Set up.

        Args:
            cursor: Of an autocommit connection.
            errors: The driver's exception.
            version_table: Alembic's, which gets no rows.
            version_schema: Its schema; None for any.
        """
        self._cursor = cursor
        self._excluded = {"table": version_table, "schema": version_schema}
        self._counters = Counters(cursor, errors)

    def _rows(self, query: str, arguments: Any) -> list[Any]:
        self._cursor.execute(query, arguments)
        rows: list[Any] = self._cursor.fetchall()
        return rows

    def count_rows(self) -> list[TableRows]:
        """Return the existing tables and partitions with their row counts."""
        found = self._rows(_TABLES, self._excluded)
        counts = self._counters.count(
            [(oid, name) for oid, _, name, kind, _ in found if kind == "r"]
        )
        return [TableRows._make((*facts, counts.get(facts[0], 0))) for facts in found]

    def tables_query(self) -> str:
        """Return the query for all tables without their rows, for another connection."""
        query: bytes = self._cursor.mogrify(_TABLES, self._excluded)
        return query.decode()

    def settings(self) -> list[str]:
        """Return the names of the settings that triggers, defaults and checks read."""
        return [name for (name,) in self._rows(_SETTINGS, None)]

    def defers(self) -> bool:
        """Tell whether a constraint is checked only at the end of a transaction."""
        query = "SELECT EXISTS (SELECT FROM pg_constraint WHERE condeferred)"
        ((found,),) = self._rows(query, None)
        return bool(found)

    def tables(self, counted: Iterable[TableRows]) -> list[Table]:
        """Read what the rows of tables must satisfy."""
        chosen = [Table(each.oid, each.name, each.kind) for each in counted]
        oids = [table.oid for table in chosen]
        columns = _grouped(self._rows(_COLUMNS, (oids,)))
        keys = _grouped(self._rows(_KEYS, (oids,)))
        foreign = _grouped(self._rows(_FOREIGN_KEYS, (oids,)))
        checks = _grouped(self._rows(_CHECKS, (oids,)))
        partitioned = [table.oid for table in chosen if table.kind == "p"]
        leaves = _grouped(self._rows(_LEAVES, (partitioned,)) if partitioned else [])
        return [
            table._replace(
                columns=tuple(Column._make(row) for row in columns.get(table.oid, ())),
                keys=tuple(_key(row) for row in keys.get(table.oid, ())),
                foreign_keys=tuple(_foreign_key(row) for row in foreign.get(table.oid, ())),
                checks=(
                    *(Check(row[0], tuple(row[1])) for row in checks.get(table.oid, ())),
                    *_any_partition(leaves.get(table.oid, ())),
                ),
                leaves=tuple(Check(row[0], tuple(row[1])) for row in leaves.get(table.oid, ()))[
                    :LEAVES
                ],
            )
            for table in chosen
        ]

    def types(self, oids: Iterable[int]) -> dict[int, Type]:
        """Read types, and the types of their parts."""
        found: dict[int, Type] = {}
        missing = set(oids)
        while missing:
            for oid, *facts in self._rows(_TYPES, (list(missing),)):
                found[oid] = _type(facts)
            parts = {
                oid
                for each in found.values()
                for oid in (
                    each.element,
                    each.base,
                    each.part,
                    *(field[0] for field in each.fields),
                )
            }
            missing = parts - {0} - found.keys() if missing & found.keys() else set()
        return found


def _grouped(rows: Sequence[Any]) -> dict[int, list[Any]]:
    groups: dict[int, list[Any]] = {}
    for oid, *rest in rows:
        groups.setdefault(oid, []).append(rest)
    return groups


def _type(row: Sequence[Any]) -> Type:
    *plain, labels, checks, fields = row
    made_of = tuple((int(type_), int(modifier)) for type_, modifier in fields)
    return Type._make((*plain, tuple(labels), tuple(checks), made_of))


def _key(row: Any) -> tuple[tuple[str, ...], bool]:
    columns, in_expression, count = row
    return (tuple(columns) if in_expression else tuple(columns[:count])), in_expression


def _foreign_key(row: Any) -> ForeignKey:
    columns, target, name, target_columns, deferrable = row
    return ForeignKey(tuple(columns), target, name, tuple(target_columns), deferrable)


def _any_partition(leaves: Sequence[Any]) -> list[Check]:
    """Return the disjunction of the partitions' conditions."""
    if not leaves:
        return []
    any_of = " OR ".join(f"({condition})" for condition, _ in leaves[:LEAVES])
    return [Check(any_of, tuple(leaves[0][1]))]
