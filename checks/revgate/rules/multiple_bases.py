"""The history begins more than once.

## Why it hurts
Two revisions have no parent, so there are two histories in one folder: neither knows what the
other has built, and their order in an upgrade is an accident.

## Example
    # 20251118120000_add_invoices.py
    down_revision = None               # and efaa6e584823 has none either

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
    """Yield one finding a base beyond the first; labels in `branches` may have one each."""
    bases = [history.graph.by_id[key] for key in history.graph.bases]
    bases = [base for base in bases if not {*base.labels} & {*history.scope.branches}]
    if len(bases) < 2:
        return
    # The base that most of the history stands on is the one that was meant.
    first = max(bases, key=lambda base: (len(history.graph.descendants(base.id)), base.path))
    for base in bases:
        if base is not first:
            yield Finding.at(
                base,
                base.parents_at,
                f"`{base.id}` begins a second history beside `{first.id}`",
                help=_help(history, base.id),
                related=[Related(first.path, first.parents_at[0], f"`{first.id}` is a base too")],
            )


def _help(history: History, key: str) -> str:
    below = history.graph.descendants(key)
    heads = [head for head in history.graph.heads if head not in below]
    if len(heads) == 1:
        return f'write `down_revision = "{heads[0]}"`'
    return "write the id of the revision before it as its `down_revision`"
