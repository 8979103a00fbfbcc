"""A published revision was removed, or its id was changed.

## Why it hurts
On a database at this revision, every command stops with "Can't locate revision identified by ...".
A revision with a new id runs a second time on databases that have already run it.

## Example
    git rm migrations/versions/20251117000000_add_invoices.py

## Instead
    # a new revision that undoes the published one
    op.drop_table("invoices")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import ERROR, PUBLISHED, Finding, rule
from revgate.text import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.merge import Merge, Squash


@rule(severity=ERROR, group=PUBLISHED)
def removed_revision(merge: Merge) -> Iterator[Finding]:
    """Yield each published revision that the merge would remove."""
    if merge.is_gone:
        yield _gone(merge)
    elif merge.squash is not None:
        yield _squashed(merge.squash)
    else:
        yield from _removed(merge)


def _removed(merge: Merge) -> Iterator[Finding]:
    for before in merge.removed:
        twin = merge.twins.get(before.id)
        what = f"renamed to `{twin.id}`" if twin else "removed"
        yield Finding.at(
            before,
            before.id_at,
            f"`{before.id}` is published, but was {what}",
            help=f"restore `{before.path}` from the target branch"
            + (f", and remove `{twin.path}`" if twin and twin.path != before.path else ""),
        )


def _gone(merge: Merge) -> Finding:
    environment = merge.base.environment
    revisions = count(len(merge.base.graph.by_id), "published revision")
    return Finding(
        f"the environment `{environment.name}` would be gone, with {revisions}",
        f"restore `{environment.config}` from the target branch; if it is to go, the settings of"
        f' the target branch have to say so first: `allow-published = {{ "{environment.name}" ='
        ' "the reason" }`',
        environment.config,
    )


def _squashed(squash: Squash) -> Finding:
    revisions = count(len(squash.replaced), "published revision")
    return Finding(
        f"`{squash.first.id}` replaces {revisions}, up to `{squash.last}`",
        f"the settings of the target branch have to allow it first: `allow-squash ="
        f' "{squash.last}"`; every database has to be at `{squash.last}` or later by then',
        squash.first.path,
        *squash.first.id_at,
        squash.last,
    )
