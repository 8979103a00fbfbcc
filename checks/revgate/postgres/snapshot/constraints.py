"""Constraints of tables: keys, foreign keys, checks, exclusions.

NOT NULL is a fact of its column, also where PostgreSQL 18 keeps a constraint for it; constraints of
domains are facts of their domain, constraint triggers are triggers.
"""

from __future__ import annotations

QUERIES = (
    """
    SELECT 'constraint', r.name || '.' || quote_ident(k.conname), 'table', r.name,
           pg_get_constraintdef(k.oid)
    FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid
    WHERE k.contype IN ('p', 'u', 'f', 'c', 'x') AND k.conparentid = 0
    """,
)
