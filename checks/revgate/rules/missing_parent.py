"""A revision names a parent that does not exist.

## Why it hurts
Alembic cannot load the history: every command ends in a `KeyError` that names nothing but the id.
It happens when a revision is deleted, renamed, or left behind on another branch.

## Example
    down_revision = "20251116120001"   # there is only 20251116120000

## Instead
    down_revision = "20251116120000"
"""

from typing import TYPE_CHECKING

from revgate.rules import CHAIN, ERROR, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.history import History


@rule(severity=ERROR, group=CHAIN)
def missing_parent(history: "History") -> "Iterator[Finding]":
    """Yield each parent that is no revision, with the id that it was most likely meant to be."""
    for revision, parent in history.graph.missing:
        yield Finding.at(
            revision,
            revision.parents_at,
            f"the parent `{parent}` of `{revision.id}` does not exist",
            help=_help(history, revision.id, parent),
        )


def _help(history: "History", key: str, parent: str) -> str:
    from difflib import get_close_matches

    others = [each for each in history.graph.by_id if each != key]
    nearest = get_close_matches(parent, others, n=1, cutoff=0.5) or [
        each for each in history.graph.heads if each != key
    ]
    if not nearest:
        return f"bring back the revision `{parent}`, or write `down_revision = None`"
    return f'bring back the revision `{parent}`, or write `down_revision = "{nearest[0]}"`'
