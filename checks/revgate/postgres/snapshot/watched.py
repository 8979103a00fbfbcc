"""The system catalogs that a snapshot reads, and how rows that changed are found in them.

PostgreSQL tells what changed by itself: a row whose `xmin` is not older than a transaction is new
since. What is gone shows in the number of rows.
"""

# ruff: noqa: S608 - SQL made of our own text only

from __future__ import annotations

from typing import NamedTuple

from revgate.postgres.snapshot.kind import FIRST_OID


class Watched(NamedTuple):
    """A system catalog whose rows describe relations, types or functions."""

    catalog: str
    id: str
    """The SQL expression of a number that identifies a row."""
    relation: str = "0"
    """Of the oid of the relation that the row describes; 0 for none, -1 for something that is only
    described as a whole."""
    type: str = "0"
    function: str = "0"
    schema: str = "0"
    name: str = "''"
    """Of a name that other objects are described with."""
    where: str = "true"
    owner: str = ""
    """Of an oid that tells whether initdb made the row; empty if that is `id`."""
    counted: bool = True
    """Whether a row can go while what it describes stays."""

    def sql(self, wanted: str) -> str:
        """Return a query for the number of rows, and those that are wanted."""
        row = ", ".join(
            (f"({self.id})::int8", f"({self.owner or self.id})::int8", f"({self.relation})::int8",
             f"({self.type})::int8", f"({self.function})::int8", f"({self.schema})::int8",
             self.name)
        )  # fmt: skip
        rows, source = f"json_agg(json_build_array({row}))", f"{self.catalog} c"
        if not self.counted:
            condition = f"{wanted} AND {self.where}"
            return f"SELECT '{self.catalog}', 0, {rows} FROM {source} WHERE {condition}"
        rows += f" FILTER (WHERE {wanted})"
        return f"SELECT '{self.catalog}', count(*), {rows} FROM {source} WHERE {self.where}"

    @property
    def ids(self) -> str:
        """The query for the numbers of all rows that initdb did not make."""
        return (
            f"SELECT array_agg(({self.id})::int8) FROM {self.catalog} c"
            f" WHERE ({self.where}) AND {self.owner or self.id} >= {FIRST_OID}"
        )


# The relation of a part of a relation. A part that is a domain's has none.
_COMMENTED = """
    coalesce((CASE c.classoid
        WHEN 'pg_class'::regclass THEN c.objoid
        WHEN 'pg_constraint'::regclass
            THEN (SELECT p.conrelid FROM pg_constraint p WHERE p.oid = c.objoid)
        WHEN 'pg_trigger'::regclass
            THEN (SELECT p.tgrelid FROM pg_trigger p WHERE p.oid = c.objoid)
        WHEN 'pg_policy'::regclass
            THEN (SELECT p.polrelid FROM pg_policy p WHERE p.oid = c.objoid)
        WHEN 'pg_rewrite'::regclass
            THEN (SELECT p.ev_class FROM pg_rewrite p WHERE p.oid = c.objoid)
        WHEN 'pg_statistic_ext'::regclass
            THEN (SELECT p.stxrelid FROM pg_statistic_ext p WHERE p.oid = c.objoid)
        WHEN 'pg_type'::regclass THEN 0
        WHEN 'pg_proc'::regclass THEN 0
        END)::int8, -1)
"""

# The row type of a table and the type of its arrays are described only where they have grants.
_DESCRIBED_TYPE = """
    CASE WHEN c.typacl IS NULL AND (
        c.typrelid <> 0 AND (SELECT r.relkind FROM pg_class r WHERE r.oid = c.typrelid) <> 'c'
        OR c.typelem <> 0 AND (SELECT e.typarray FROM pg_type e WHERE e.oid = c.typelem) = c.oid
    ) THEN 0 ELSE c.oid END
"""

UNITS = (
    Watched("pg_class", "c.oid", "c.oid", "CASE c.relkind WHEN 'c' THEN c.reltype ELSE 0 END",
            schema="c.relnamespace", name="c.relname",
            where="c.relkind <> 't' AND c.relnamespace <> 'pg_toast'::regnamespace"),
    Watched("pg_attribute", "c.attrelid::int8 << 16 | c.attnum", "c.attrelid",
            name="CASE WHEN c.attisdropped THEN '' ELSE c.attname END", where="c.attnum > 0",
            owner="c.attrelid", counted=False),
    Watched("pg_attrdef", "c.oid", "c.adrelid"),
    Watched("pg_constraint", "c.oid", "c.conrelid", "c.contypid"),
    Watched("pg_index", "c.indexrelid", "c.indrelid", counted=False),
    Watched("pg_inherits", "c.inhrelid::int8 << 16 | c.inhseqno", "c.inhrelid", owner="c.inhrelid"),
    Watched("pg_sequence", "c.seqrelid", "c.seqrelid", counted=False),
    Watched("pg_trigger", "c.oid", "c.tgrelid"),
    Watched("pg_policy", "c.oid", "c.polrelid"),
    Watched("pg_rewrite", "c.oid", "c.ev_class"),
    Watched("pg_statistic_ext", "c.oid", "c.stxrelid"),
    Watched("pg_foreign_table", "c.ftrelid", "c.ftrelid", counted=False),
    Watched("pg_partitioned_table", "c.partrelid", "c.partrelid", counted=False),
    Watched("pg_description", "c.objoid::int8 << 25 | c.classoid::int8 << 11 | c.objsubid",
            _COMMENTED, "CASE c.classoid WHEN 'pg_type'::regclass THEN c.objoid ELSE 0 END",
            "CASE c.classoid WHEN 'pg_proc'::regclass THEN c.objoid ELSE 0 END",
            where=f"c.objoid >= {FIRST_OID}", owner="c.objoid"),
    Watched("pg_type", "c.oid", type=_DESCRIBED_TYPE, schema="c.typnamespace", name="c.typname"),
    Watched("pg_enum", "c.oid", type="c.enumtypid", name="c.enumlabel"),
    Watched("pg_range", "c.rngtypid", type="c.rngtypid", counted=False),
    Watched("pg_proc", "c.oid", function="c.oid", schema="c.pronamespace", name="c.proname"),
    Watched("pg_aggregate", "c.aggfnoid::oid", function="c.aggfnoid::oid", counted=False),
)  # fmt: skip

_AS_A_WHOLE = (
    "pg_namespace", "pg_extension", "pg_foreign_data_wrapper", "pg_foreign_server",
    "pg_event_trigger", "pg_publication", "pg_publication_rel", "pg_default_acl", "pg_cast",
    "pg_language", "pg_am", "pg_operator", "pg_opclass", "pg_opfamily", "pg_amop", "pg_collation",
    "pg_ts_config", "pg_ts_config_map", "pg_ts_dict", "pg_largeobject_metadata",
)  # fmt: skip
"""A change in any of these is followed by a whole snapshot."""

# Catalogs of the whole server, and those of which only some columns can be read by anyone. Members
# of extensions are not in a snapshot.
_STATE = """
concat_ws('|',
    (SELECT string_agg(r::text, ',') FROM pg_roles r),
    (SELECT string_agg(m::text, ',') FROM pg_auth_members m),
    (SELECT string_agg(s::text, ',') FROM pg_db_role_setting s),
    (SELECT string_agg(t::text, ',') FROM pg_tablespace t),
    (SELECT string_agg(u::text, ',') FROM pg_user_mappings u),
    (SELECT string_agg(concat_ws(' ', s.oid, s.subname, s.subpublications, s.subdbid), ',')
     FROM pg_subscription s),
    (SELECT concat_ws(' ', b.datdba, b.datacl) FROM pg_database b
     WHERE b.datname = current_database()),
    (SELECT obj_description(n.oid, 'pg_namespace') FROM pg_namespace n WHERE n.nspname = 'public'),
    (SELECT count(*) || ' ' || sum(d.objid::int8) FROM pg_depend d
     WHERE d.refclassid = 'pg_extension'::regclass))
"""
# Transactions of other databases change nothing in this one. One whose database is unknown may.
_OLDEST = """
coalesce((
    SELECT min(x::text::int8) FROM pg_snapshot_xip(pg_current_snapshot()) x
    WHERE NOT EXISTS (
        SELECT FROM pg_stat_activity a
        WHERE a.datname <> current_database()
          AND a.backend_xid = (x::text::int8 % 4294967296)::text::xid)
), pg_snapshot_xmax(pg_current_snapshot())::text::int8)
"""
_NOW = f"SELECT '', {_OLDEST.strip()}, to_json({_STATE.strip()})"
"""The oldest transaction that may still change something, and the state."""


def changes_query() -> str:
    """Return the query for all that changed since a transaction, which is its parameter.

    Its rows are `_NOW`, and for each catalog its name, the number of its rows, and those that are
    new or changed.
    """
    recent = "age(c.xmin) <= (SELECT age($1))"
    parts = [_NOW, *(each.sql(recent) for each in UNITS)]
    parts += [
        f"SELECT '{name}', count(*), json_agg(1) FILTER (WHERE {recent}) FROM {name} c"
        for name in _AS_A_WHOLE
    ]
    return " UNION ALL ".join(parts)


def known_query() -> str:
    """Return the same query for all rows that initdb did not make."""
    parts = [_NOW, *(each.sql(f"{each.owner or each.id} >= {FIRST_OID}") for each in UNITS)]
    parts += [f"SELECT '{name}', count(*), NULL::json FROM {name}" for name in _AS_A_WHOLE]
    return " UNION ALL ".join(parts)


EXPAND = """
WITH RECURSIVE dependent (classid, objid) AS (
    SELECT * FROM unnest($1::oid[], $2::oid[])
    UNION
    SELECT d.classid, d.objid
    FROM dependent o JOIN pg_depend d ON d.refclassid = o.classid AND d.refobjid = o.objid
    -- A foreign key is described by names alone.
    WHERE NOT (d.classid = 'pg_constraint'::regclass AND d.refclassid = 'pg_class'::regclass)
), described (number) AS (
    SELECT CASE o.classid
        WHEN 'pg_class'::regclass THEN o.objid::int8 * 4 + 1
        WHEN 'pg_type'::regclass THEN o.objid::int8 * 4 + 2
        WHEN 'pg_proc'::regclass THEN o.objid::int8 * 4 + 3
        WHEN 'pg_rewrite'::regclass THEN
            (SELECT p.ev_class::int8 * 4 + 1 FROM pg_rewrite p WHERE p.oid = o.objid)
        WHEN 'pg_attrdef'::regclass THEN
            (SELECT p.adrelid::int8 * 4 + 1 FROM pg_attrdef p WHERE p.oid = o.objid)
        WHEN 'pg_policy'::regclass THEN
            (SELECT p.polrelid::int8 * 4 + 1 FROM pg_policy p WHERE p.oid = o.objid)
        WHEN 'pg_trigger'::regclass THEN
            (SELECT p.tgrelid::int8 * 4 + 1 FROM pg_trigger p WHERE p.oid = o.objid)
        WHEN 'pg_constraint'::regclass THEN
            (SELECT CASE p.contypid WHEN 0 THEN p.conrelid::int8 * 4 + 1
                                    ELSE p.contypid::int8 * 4 + 2 END
             FROM pg_constraint p WHERE p.oid = o.objid) END
    FROM dependent o
    UNION SELECT unnest($3::int8[])
), relation (oid) AS (
    SELECT (number / 4)::oid FROM described WHERE number % 4 = 1
    UNION
    SELECT n.oid FROM relation r CROSS JOIN LATERAL (
        SELECT i.indrelid FROM pg_index i WHERE i.indexrelid = r.oid
        UNION ALL
        SELECT i.indexrelid FROM pg_index i WHERE i.indrelid = r.oid
        UNION ALL
        -- What a sequence belongs to.
        SELECT d.refobjid FROM pg_depend d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid
          AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
          AND d.deptype IN ('a', 'i')
    ) n (oid)
)
SELECT oid::int8 * 4 + 1 FROM relation
UNION
SELECT number FROM described WHERE number IS NOT NULL AND number % 4 <> 1
UNION
SELECT c.reltype::int8 * 4 + 2 FROM relation r JOIN pg_class c ON c.oid = r.oid
WHERE c.relkind = 'c'
"""
"""What must be described again: the given units, and all that is described along with them.

Its parameters are the objects, by catalog and oid, on which the descriptions of others depend, and
the numbers of the units that changed.
"""
