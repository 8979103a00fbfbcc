"""The sizes of a database's tables: measured from statistics, and kept in a file in git.

Numbers are rounded to two digits, so that the file changes only where a table really grows.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from revgate.errors import UsageError

VERSION = 1
"""Of the file's form."""


class TableSize(NamedTuple):
    """How large a table is, including its indexes; a partitioned table is all its partitions."""

    rows: int | None
    """An estimate; None if the table has never been analyzed."""
    bytes: int


Sizes = dict[str, TableSize]
"""By name as snapshots have it: quoted where SQL requires it, with the schema."""

# The planner's estimate is -1 for a table that has never been analyzed.
_QUERY = """
WITH leaf (oid, relid) AS (
    SELECT c.oid, c.oid FROM pg_class c WHERE c.relkind IN ('r', 'm')
    UNION ALL
    SELECT c.oid, t.relid FROM pg_class c CROSS JOIN LATERAL pg_partition_tree(c.oid) t
    WHERE c.relkind = 'p' AND t.isleaf
)
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname),
       CASE WHEN min(l.reltuples) < 0 THEN NULL ELSE coalesce(sum(l.reltuples), 0)::int8 END,
       coalesce(sum(pg_total_relation_size(l.oid)), 0)::int8
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN leaf ON leaf.oid = c.oid
LEFT JOIN pg_class l ON l.oid = leaf.relid
WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
GROUP BY 1
ORDER BY 1
"""


def measure(cursor: Any) -> Sizes:
    """Estimate the size of each table from the statistics of a database, without reading rows."""
    cursor.execute(_QUERY)
    return {
        name: TableSize(None if rows is None else _rounded(rows), _rounded(size))
        for name, rows, size in cursor.fetchall()
    }


def _rounded(number: int) -> int:
    return round(number, 2 - len(str(number)))


def dump(sizes: Sizes) -> str:
    """Return the contents of a file: JSON, sorted, with one line for each table."""
    tables = ",\n".join(
        f"    {json.dumps(name)}: {json.dumps(size._asdict())}"
        for name, size in sorted(sizes.items())
    )
    return f'{{\n  "schema": {VERSION},\n  "tables": {{\n{tables}\n  }}\n}}\n'


def parse(data: bytes, name: str) -> Sizes:
    """Read the contents of a file.

    Raises:
        UsageError: They have another form.
    """
    try:
        whole = json.loads(data)
    except (ValueError, RecursionError):
        raise UsageError(f"{name} is not valid JSON{_ADVICE.format(name)}") from None
    tables = whole.get("tables") if isinstance(whole, dict) else None
    if not isinstance(tables, dict) or whole.get("schema") != VERSION:
        raise UsageError(f"{name} has no sizes of tables{_ADVICE.format(name)}")
    return {table: _size(size, table, name) for table, size in tables.items()}


_ADVICE = ": write it again with `revgate doctor --sizes {}`"


def _size(size: object, table: str, name: str) -> TableSize:
    if isinstance(size, dict) and {*size} == {*TableSize._fields}:
        found = TableSize(**size)
        if _is_number(found.bytes) and (found.rows is None or _is_number(found.rows)):
            return found
    raise UsageError(
        f"{name}: the size of {table[:80]!r} is not"
        ' {"rows": a whole number or null, "bytes": a whole number}'
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST


_MOST = 1 << 63
