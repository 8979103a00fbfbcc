"""The history has more than one base.

## Why it hurts
Two revisions have no parent, so the folder contains two independent histories, and the order in
which an upgrade runs them is undefined.

## Example
    # 20251118120000_add_invoices.py
    down_revision = None               # efaa6e584823 has no parent either

## Instead
    # 20251118120000_add_invoices.py
    down_revision = "20251117000000"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import CHAIN, ERROR, Finding, Related, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.history import History


@rule(severity=ERROR, group=CHAIN)
def multiple_bases(history: History) -> Iterator[Finding]:
    """Yield one finding per base after the first; each label in `branches` may have its own."""
    bases = [history.graph.by_id[key] for key in history.graph.bases]
    bases = [base for base in bases if not {*base.labels} & {*history.scope.branches}]
    if len(bases) < 2:
        return
    # The base of most of the history is the intended one.
    first = max(bases, key=lambda base: (len(history.graph.descendants(base.id)), base.path))
    for base in bases:
        if base is not first:
            yield Finding.at(
                base,
                base.parents_at,
                f"`{base.id}` starts a second history, separate from `{first.id}`",
                help=_help(history, base.id),
                related=[Related(first.path, first.parents_at[0], f"`{first.id}` is also a base")],
            )


def _help(history: History, key: str) -> str:
    below = history.graph.descendants(key)
    heads = [head for head in history.graph.heads if head not in below]
    if len(heads) == 1:
        return f'write `down_revision = "{heads[0]}"`'
    return "set its `down_revision` to the id of the previous revision"
