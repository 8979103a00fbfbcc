"""The schemas of several migration contexts in one database, such as one schema per tenant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from revgate.postgres.names import quoted
from revgate.postgres.snapshot import own_tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from revgate.postgres.snapshot import Snapshot
    from revgate.roundtrip.agent_client import MigrationContext


def schemas_of_others(
    context: MigrationContext, contexts: Iterable[MigrationContext]
) -> frozenset[str]:
    """Return the schemas in which other contexts of the same database create their tables.

    Args:
        context: The one that is judged.
        contexts: All of env.py, as far as they are known.

    Returns:
        The names, quoted where SQL requires it.
    """
    return frozenset(name_in_sql(each.schema) for each in others_of(context, contexts))


def schemas_made(snapshots: Sequence[Snapshot]) -> frozenset[str]:
    """Return the schemas in which the steps between the first and the last have made tables."""
    first, last = ({*own_tables(each)} for each in (snapshots[0], snapshots[-1]))
    return frozenset(name.rpartition(".")[0] for name in last - first)


def others_of(
    context: MigrationContext, contexts: Iterable[MigrationContext]
) -> list[MigrationContext]:
    """Return the contexts that have another schema of the same database."""
    return [
        each
        for each in contexts
        if _is_same_database(each, context) and each.schema not in ("", context.schema)
    ]


def _is_same_database(one: MigrationContext, other: MigrationContext) -> bool:
    """Tell whether env.py asked for one database, which may have had several throwaways."""
    if one.address.database == other.address.database:
        return True
    return bool(one.origin) and one.origin == other.origin


def name_in_sql(name: str) -> str:
    """Return a name, quoted if SQL requires it."""
    plain = re.fullmatch(r"[a-z_][a-z0-9_]*", name)
    return name if plain else quoted(name)
