"""Phrases about catalog changes, and the SQL that undoes each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.postgres.snapshot import KIND_OF
from revgate.postgres.snapshot.kind import write
from revgate.text import truncate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.postgres.snapshot.change import CatalogueChange

_RANK = {title: rank for rank, title in enumerate(KIND_OF)}


def label(change: CatalogueChange) -> str:
    """Return how messages refer to an object: by its kind and its name."""
    return write(KIND_OF[change.kind].label, change)


def alteration(change: CatalogueChange) -> str:
    """Return what an altered object is now and was before."""
    if change.kind == "enum order":
        return f"labels of `{change.name}` in the order {change.after}, before: {change.before}"
    before, after = (" ".join(each.split()) for each in (change.before, change.after))
    before, after = (truncate(each, 80, "...") or "plain" for each in (before, after))
    if before == after:
        return f"{label(change)} with another definition"
    return f"{label(change)} as `{after}`, before: `{before}`"


def drop_statement(change: CatalogueChange) -> str:
    """Return the statement that drops a new object; empty where no single statement does."""
    return write(KIND_OF[change.kind].drop, change)


def restore_statement(change: CatalogueChange) -> str:
    """Return the statement that restores an object that was dropped or altered, or an empty one."""
    kind = KIND_OF[change.kind]
    if change.how == "changed" and not kind.restores_changes:
        return ""
    return write(kind.restore, change)


def drop_order(title: str) -> int:
    """Return a sort key that puts a kind before those that it depends on."""
    return -_RANK[title]


def drop_statements(changes: Sequence[CatalogueChange]) -> tuple[str, ...]:
    """Return the statements that drop new objects; none where that would not undo all changes."""
    ordered = sorted(changes, key=lambda each: drop_order(each.kind))
    statements = [drop_statement(each) if each.how == "left" else "" for each in ordered]
    return tuple(f"{each};" for each in statements) if all(statements) else ()
