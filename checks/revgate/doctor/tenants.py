"""Tests of a database in which every tenant has a schema: each is compared with the first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from revgate.doctor.database import VersionTable, stamps_of
from revgate.doctor.examination import Test
from revgate.doctor.states import comparable
from revgate.postgres.snapshot import Snapshot, outside
from revgate.roundtrip.tenants import name_in_sql
from revgate.text import count, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.doctor.database import Found
    from revgate.postgres.connect import Address
    from revgate.roundtrip.agent_client import MigrationContext


def compare_tenants(
    address: Address, found: Found, first: str, others: Sequence[MigrationContext]
) -> Iterator[Test]:
    """Yield a test for each schema of another tenant.

    Args:
        address: The database.
        found: The whole of it, with the stamps of the first tenant.
        first: The schema of the first tenant.
        others: The migration contexts of the others.
    """
    tables = [
        VersionTable(each.version_table, each.version_table_schema or each.schema)
        for each in others
    ]
    for each, stamps in zip(others, stamps_of(address, tables) if others else (), strict=True):
        model, part = (
            _part(found.snapshot, schema, each.version_table) for schema in (first, each.schema)
        )
        keys = (key for key in model.keys() | part.keys() if model.get(key) != part.get(key))
        different = sorted({name for _, name in keys})
        yield _judged(each.schema, first, (stamps or (), found.stamps), different)


def _judged(
    schema: str, first: str, stamps: tuple[Sequence[str], Sequence[str]], different: Sequence[str]
) -> Test:
    own, expected = stamps
    if own != expected:
        says = f"the schema `{schema}` is stamped {quoted(own) or 'with nothing'}, unlike `{first}`"
        return Test("tenant", passed=False, says=says)
    if different:
        fact = f"differs from `{first}` in {count(len(different), 'object')}: {quoted(different)}"
        return Test("tenant", passed=False, says=f"the schema `{schema}` {fact}")
    return Test("tenant", passed=True, says=f"the schema `{schema}` has what `{first}` has")


def _part(snapshot: Snapshot, schema: str, version_table: str) -> Snapshot:
    """Return the objects of a schema without the version table, under names without the schema."""
    name = name_in_sql(schema)
    rest = outside(snapshot, {name})
    inside = {key: facts for key, facts in snapshot.items() if key not in rest}
    prefix = re.compile(rf'(?<![\w"]){re.escape(name)}(?:\.|$)')
    parts = {
        (kind, prefix.sub("", key)): (of, prefix.sub("", owner), prefix.sub("", facts))
        for (kind, key), (of, owner, facts) in comparable(inside, ()).items()
    }
    own = name_in_sql(version_table)
    return {
        key: facts
        for key, facts in parts.items()
        if key[0] != "schema" and key[1] != own and not key[1].startswith(f"{own}.")
    }
