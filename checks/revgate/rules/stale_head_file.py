"""The head file does not name the head of the history.

The setting `head-file` names a file that holds one line, the id of the head (with `branches`, one
line for each head). Every new revision changes that line, so a second branch that adds a revision
has a merge conflict: git itself refuses the fork, on any host and without any service.
`revgate new` and `revgate rebase` write the file.

## Why it hurts
If a revision is added without changing the file, two branches merge without a conflict, and the
history is forked.

## Example
    # migrations/HEAD, after 20251118120000_add_invoices.py was added
    20251117000000

## Instead
    # migrations/HEAD
    20251118120000
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.history.conflicts import conflict_in
from revgate.history.head_file import write_command
from revgate.rules import ERROR, FILES, Finding, Related, rule
from revgate.text import truncate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.history.history import History
    from revgate.source import Content, Source

_LONGEST = 60


@rule(severity=ERROR, group=FILES)
def stale_head_file(history: History) -> Iterator[Finding]:
    """Yield one finding if the head file names anything but the heads."""
    path, heads = history.scope.head_file, history.graph.heads
    if path is None or history.source is None or _is_broken(history):
        return
    (content,) = history.source.read([path])
    named = content.data.decode(errors="replace").split()
    if content.error is None and _agrees(history, named):
        return
    expected = " and ".join(f"`{head}`" for head in heads) or "nothing, as there is no revision"
    yield Finding(
        f"`{path}` {_says(history.source, content, named)}, but it should hold {expected}",
        f"run `{write_command(path, heads)}`",
        path,
        related=tuple(
            Related(each.path, each.id_at[0], f"`{each.id}` is {'a' if heads[1:] else 'the'} head")
            for each in map(history.graph.by_id.__getitem__, heads)
        ),
    )


def _is_broken(history: History) -> bool:
    """Whether the head will be known only after other findings are repaired."""
    graph = history.graph
    return bool(graph.missing or graph.cycles or graph.duplicates or history.unreadable)


def _agrees(history: History, named: Sequence[str]) -> bool:
    """Whether the file is right; in a fork, which is reported as such, one of the heads will do."""
    heads = history.graph.heads
    if history.rival_heads:
        return not {*heads}.isdisjoint(named)
    return sorted(named) == sorted(heads)


def _says(source: Source, content: Content, named: Sequence[str]) -> str:
    if content.error is not None:
        is_there = source.has_file(content.path)
        return f"cannot be read ({content.error})" if is_there else "does not exist"
    if conflict_in(content.data):
        return "has a merge conflict"
    return f"says `{truncate(' '.join(named), _LONGEST)}`" if named else "is empty"
