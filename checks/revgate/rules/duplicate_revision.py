"""Two files have the same revision id.

## Why it hurts
Alembic keeps one of them and drops the other with only a warning: its migration never runs. This
happens when a revision is created by copying a file.

## Example
    # 20251118120000_add_invoices.py
    revision = "20251118120000"

    # 20251118130000_add_receipts.py
    revision = "20251118120000"

## Instead
    # 20251118130000_add_receipts.py
    revision = "20251118130000"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import CHAIN, ERROR, Finding, Related, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.history import History


@rule(severity=ERROR, group=CHAIN)
def duplicate_revision(history: History) -> Iterator[Finding]:
    """Yield one finding per shared id: at the file that is new, or else at the last."""
    there = history.published_paths
    for key, revisions in sorted(history.graph.duplicates.items()):
        *others, last = sorted(revisions, key=lambda each: each.path not in there)
        is_new = last.path not in there and others[0].path in there
        yield Finding.at(
            last,
            last.id_at,
            f"the id `{key}` is also the id of {', '.join(f'`{each.path}`' for each in others)}",
            help=f"give {_which(last.name, is_new=is_new)}: change its `revision`, and the"
            " `down_revision` of the revisions that follow it",
            related=[
                Related(each.path, each.id_at[0], f"`{key}` is also the id of this file")
                for each in others
            ],
        )


def _which(name: str, *, is_new: bool) -> str:
    if is_new:
        return f"`{name}`, which the target branch does not have, a unique id"
    return f"one of the files a unique id; if `{name}` is the copy, that one"
