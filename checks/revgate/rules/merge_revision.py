"""A revision has more than one parent.

## Why it hurts
A merge revision repairs a fork after the fact and leaves the order of the revisions undefined: two
databases may have run the two branches in different orders, and `alembic downgrade -1` becomes
ambiguous. With `linear = true`, the default, the later branch must follow the earlier one instead.

## Example
    down_revision = ("20251118120000", "20251118130000")

## Instead
    # 20251118130000_add_receipts.py, whose parent was the parent of 20251118120000
    down_revision = "20251118120000"

If merge revisions are intentional, set `linear = false`. A merge is then reported only if it names
an ancestor of one of its other parents, which Alembic loads but cannot apply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import CHAIN, ERROR, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.history import History


@rule(severity=ERROR, group=CHAIN)
def merge_revision(history: History) -> Iterator[Finding]:
    """Yield each merge revision, if the history must be linear."""
    if not history.scope.linear:
        yield from _unwalkable(history)
        return
    for revision in history.revisions:
        if len(revision.parents) > 1 and not {*revision.parents} <= history.forked:
            parents = ", ".join(f"`{parent}`" for parent in revision.parents)
            first, *others = revision.parents
            yield Finding.at(
                revision,
                revision.parents_at,
                f"`{revision.id}` has {len(revision.parents)} parents: {parents}",
                help=f"linearize the branches: make the first revision of the branch of"
                f" `{others[0]}` follow `{first}`, and delete this file if it only merges; if merge"
                " revisions are intentional, set `linear = false`",
            )


def _unwalkable(history: History) -> Iterator[Finding]:
    """Yield each merge revision that Alembic loads but cannot apply."""
    for revision, key, other in history.graph.unwalkable:
        in_parents = key in revision.parents
        where = "down_revision" if in_parents else "depends_on"
        yield Finding.at(
            revision,
            revision.parents_at if in_parents else revision.depends_on_at,
            f"`{revision.id}` merges `{key}`, which is already an ancestor of `{other}`: Alembic's"
            " upgrade stops with a `KeyError`",
            help=f"remove `{key}` from `{where}`",
        )
