"""A revision names a parent that does not exist.

## Why it hurts
Alembic cannot load the history: every command fails with a `KeyError` that contains only the id.
This happens when a revision is deleted, renamed, or left on another branch.

## Example
    down_revision = "20251116120001"   # only 20251116120000 exists

## Instead
    down_revision = "20251116120000"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import CHAIN, ERROR, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.history import History


# Searching ten thousand ids is slow, and a hundred suggestions would not be read.
_MOST_SUGGESTIONS = 20


@rule(severity=ERROR, group=CHAIN, lasting=False)
def missing_parent(history: History) -> Iterator[Finding]:
    """Yield each parent that does not exist, with the id that was most likely meant."""
    for number, (revision, parent) in enumerate(history.graph.missing):
        nearest = _nearest(history, revision.id, parent) if number < _MOST_SUGGESTIONS else None
        write = f'`down_revision = "{nearest}"`' if nearest else "the id of the previous revision"
        yield Finding.at(
            revision,
            revision.parents_at,
            f"the parent `{parent}` of `{revision.id}` does not exist",
            help=f"restore the revision `{parent}`, or write {write}",
        )
    for revision, name in history.graph.missing_dependencies:
        yield Finding.at(
            revision,
            revision.depends_on_at,
            f"`{revision.id}` depends on `{name}`, which does not exist",
            help=f"restore the revision `{name}`, or remove it from `depends_on`",
        )


def _nearest(history: History, key: str, parent: str) -> str | None:
    from difflib import get_close_matches

    others = [each for each in history.graph.by_id if each != key]
    near = get_close_matches(parent, others, n=1, cutoff=0.5)
    near += [each for each in history.graph.heads if each != key]
    return near[0] if near else None
