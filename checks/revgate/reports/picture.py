"""Draws a long chain as a Mermaid picture, reduced to the revisions that matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.reports.chain import entity, order, title
from revgate.text import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from revgate.history.history import History

MOST = 40
"""Revisions in one picture: still readable, and well below Mermaid's limits."""
_AROUND = 2
"""Neighbors drawn of each revision that matters."""


def mermaid(histories: Sequence[History], found: Mapping[str, str]) -> Iterator[str]:
    """Draw a flowchart of several environments, upwards in time.

    Args:
        histories: One for each environment.
        found: The severity of the worst finding, by path.
    """
    yield "flowchart BT"
    for number, history in enumerate(histories):
        yield from _history(history, found, f"e{number}")
    yield "    classDef head stroke-width:3px"
    yield "    classDef error stroke:#cf222e,stroke-width:3px"
    yield "    classDef warning stroke:#bf8700,stroke-width:3px"
    yield "    classDef missing stroke-dasharray:4"
    yield "    classDef gap stroke-dasharray:2"


def _history(history: History, found: Mapping[str, str], prefix: str) -> Iterator[str]:
    keys = [revision.id for revision in order(history)]
    drawn = chosen(history, found, keys)
    names = {key: f"{prefix}r{at}" for at, key in enumerate(drawn)}
    graph = history.graph
    for key, name in names.items():
        revision = graph.by_id[key]
        severity = found.get(revision.path)
        kind = severity or ("head" if key in graph.heads else "")
        sign = {"error": "✗ ", "warning": "⚠ "}.get(severity or "", "")
        label = f"{sign}{entity(key)}<br/>{entity(title(revision)[:60])}"
        yield f'    {name}["{label}"]' + (f":::{kind}" if kind else "")
    lost = dict.fromkeys(
        parent for key in names for parent in graph.by_id[key].parents if parent not in graph.by_id
    )
    for at, parent in enumerate(lost):
        names[parent] = f"{prefix}m{at}"
        yield f'    {names[parent]}["{entity(parent)}<br/>missing"]:::missing'
    yield from _edges(history, names, prefix)


def chosen(history: History, found: Mapping[str, str], keys: Sequence[str]) -> list[str]:
    """Choose the revisions to draw: all of a short chain, the relevant ones of a long one.

    Those are revisions with findings, heads, branch and merge points, revisions without a parent,
    and bases, in this order, each with its neighbors, up to the limit.
    """
    if len(keys) <= MOST:
        return list(keys)
    graph = history.graph
    missing = [revision.id for revision, _ in graph.missing]
    blamed = [each.id for each in graph.by_id.values() if each.path in found]
    wanted = dict.fromkeys(
        [*graph.heads[:MOST], *graph.branch_points, *missing, *blamed, *graph.merge_points]
    )
    picked: dict[str, None] = {}
    for key in (*wanted, *graph.bases):
        if len(picked) >= MOST:
            break
        picked.update(dict.fromkeys(_near(history, key)))
    return [key for key in keys if key in picked]


def _near(history: History, key: str) -> Iterator[str]:
    """Yield a revision, and a few before and after it."""
    graph = history.graph
    ring = [key]
    yield key
    for _ in range(_AROUND):
        ring = [
            near
            for each in ring
            for near in (*graph.by_id[each].parents, *graph.children.get(each, ())[:2])
            if near in graph.by_id
        ]
        yield from ring


def _edges(history: History, names: Mapping[str, str], prefix: str) -> Iterator[str]:
    """Yield arrows from parents to children; a dotted one skips what is left out."""
    graph = history.graph
    gaps = 0
    for key in names:
        revision = graph.by_id.get(key)
        if revision is None:
            continue
        for parent in dict.fromkeys(revision.parents):
            if parent in names:
                yield f"    {names[parent]} --> {names[key]}"
                continue
            gaps += 1
            gap = f"{prefix}g{gaps}"
            ancestor, skipped = _next_drawn(history, parent, names)
            said = count(skipped, "revision") if ancestor or skipped else "others"
            yield f'    {gap}(["… {said}"]):::gap'
            if ancestor is not None:
                yield f"    {names[ancestor]} -.-> {gap}"
            yield f"    {gap} -.-> {names[key]}"


def _next_drawn(history: History, key: str, names: Mapping[str, str]) -> tuple[str | None, int]:
    """Walk back to the next revision that is drawn; return it and the number skipped.

    At a merge point the first parent is followed.
    """
    skipped = 0
    met: set[str] = set()
    current: str | None = key
    while current is not None and current not in names and current not in met:
        met.add(current)
        revision = history.graph.by_id.get(current)
        skipped += 1
        current = revision.parents[0] if revision is not None and revision.parents else None
    return (current if current in names else None), skipped
