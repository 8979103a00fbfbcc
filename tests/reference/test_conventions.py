"""What every table must keep, asked of the catalogue at head: each query finds the offenders."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

OFFENDERS = {
    "a foreign key that no index leads with": """
        SELECT conrelid::regclass::text, conname FROM pg_constraint
        WHERE contype = 'f' AND NOT EXISTS (
            SELECT FROM pg_index
            WHERE indrelid = conrelid AND indpred IS NULL
              AND (indkey::int2[])[0:cardinality(conkey) - 1] = conkey)
    """,
    "two indexes of which one leads with the other": """
        SELECT a.indexrelid::regclass::text, b.indexrelid::regclass::text
        FROM pg_index a JOIN pg_index b
          ON a.indrelid = b.indrelid AND a.indexrelid <> b.indexrelid
         AND (b.indkey::text || ' ') LIKE (a.indkey::text || ' %')
         AND a.indpred IS NOT DISTINCT FROM b.indpred
         AND a.indexprs IS NOT DISTINCT FROM b.indexprs
        WHERE a.indrelid::regclass::text !~ '^pg_' AND NOT a.indisunique
    """,
    "two unique indexes on the same columns": """
        SELECT indrelid::regclass::text, indkey::text FROM pg_index
        WHERE indrelid::regclass::text !~ '^pg_' AND indexprs IS NULL AND indpred IS NULL
        GROUP BY indrelid, indkey HAVING count(*) > 1
    """,
    "a reference without a foreign key": """
        SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = 'public'
          AND (column_name LIKE '%\\_id' OR column_name IN
               ('assigned_to', 'performed_by', 'converted_to_customer_id'))
          AND (table_name, column_name) NOT IN (
              ('audit_logs', 'actor_id'), ('audit_logs', 'entity_id'),
              ('sla_compliance', 'entity_id'),      -- refer to any table
              ('payments', 'transaction_id'), ('users', 'oauth_id'),  -- of other systems
              ('ab_test_experiments', 'test_id'))   -- the row's own name
          AND NOT EXISTS (
              SELECT FROM pg_constraint JOIN pg_attribute
                ON attrelid = conrelid AND attnum = conkey[1]
              WHERE contype = 'f' AND conrelid::regclass::text = table_name
                AND attname = column_name)
    """,
    "money that is not numeric(12,2)": """
        SELECT table_name, column_name, data_type FROM information_schema.columns
        WHERE table_schema = 'public'
          AND (column_name ~ '(^|_)(mrr|arr|ltv|amount)(_increase)?$'
               OR (table_name, column_name) IN
                  (('deals', 'value'), ('win_loss_records', 'deal_value')))
          AND (data_type, numeric_precision, numeric_scale) IS DISTINCT FROM ('numeric', 12, 2)
    """,
    "a timestamp without time zone": """
        SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = 'public' AND data_type = 'timestamp without time zone'
    """,
    "an id that the database does not make": """
        SELECT table_name, column_default FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name = 'id' AND table_name <> 'active_customers'
          AND (data_type, column_default) IS DISTINCT FROM ('uuid', 'gen_random_uuid()')
    """,
    "a table without an id": """
        SELECT tablename FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> 'alembic_version' AND tablename NOT IN
              (SELECT table_name FROM information_schema.columns WHERE column_name = 'id')
    """,
    "a default that was evaluated once": """
        SELECT table_name, column_name, column_default FROM information_schema.columns
        WHERE table_schema = 'public' AND data_type LIKE 'timestamp%'
          AND column_default <> 'now()'
    """,
    "a column called metadata": """
        SELECT table_name FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name = 'metadata'
    """,
    "a constraint whose name breaks the convention": """
        SELECT relname, conname FROM pg_constraint c JOIN pg_class t ON t.oid = conrelid
        WHERE connamespace = 'public'::regnamespace AND relname <> 'alembic_version'
          AND conname NOT LIKE CASE contype
              WHEN 'c' THEN 'ck\\_' || relname || '\\_%'
              WHEN 'p' THEN 'pk\\_' || relname
              ELSE (SELECT CASE contype WHEN 'u' THEN 'uq_' ELSE 'fk_' END || relname || '_'
                           || string_agg(attname, '_' ORDER BY array_position(conkey, attnum))
                    FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY (conkey))
                   || CASE contype WHEN 'f' THEN '_' || confrelid::regclass ELSE '' END
              END
    """,
    "an index whose name breaks the convention": """
        SELECT t.relname, i.relname FROM pg_index
        JOIN pg_class i ON i.oid = indexrelid JOIN pg_class t ON t.oid = indrelid
        WHERE t.relnamespace = 'public'::regnamespace AND NOT indisunique
          AND i.relname <> 'ix_leads_lower_email'
          AND i.relname <> 'ix_' || t.relname || '_' ||
              (SELECT string_agg(attname, '_') FROM pg_attribute
               WHERE attrelid = indrelid AND attnum = ANY (indkey))
    """,
    "an index of a kind that is missing": """
        SELECT kind FROM (VALUES ('USING gin'), ('WHERE'), ('lower(')) AS wanted (kind)
        WHERE NOT EXISTS (SELECT FROM pg_indexes
                          WHERE schemaname = 'public' AND position(kind IN indexdef) > 0)
    """,
    "an enum column stored as text": """
        SELECT * FROM (VALUES ('subscriptions', 'status'), ('users', 'role'),
                              ('security_incidents', 'severity')) AS wanted (t, c)
        WHERE (t, c) NOT IN (SELECT table_name, column_name FROM information_schema.columns
                             WHERE data_type = 'USER-DEFINED')
    """,
}


def test_nobody_breaks_the_conventions(
    empty_database: str,
    alembic: Callable[..., str],
    query: Callable[[str, str], list[tuple[object, ...]]],
) -> None:
    alembic(empty_database, "upgrade", "head")
    found = {name: query(empty_database, sql) for name, sql in OFFENDERS.items()}
    assert {name: rows for name, rows in found.items() if rows} == {}
