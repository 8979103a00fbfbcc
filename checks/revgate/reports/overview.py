"""Draws a whole chain in the width of the page: time goes right, each branch has a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from revgate.reports.chain import advance, occupy, order
from revgate.reports.elements import code, escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from revgate.history.history import History
    from revgate.history.revision import Revision

_LANE, _MIDDLE = 14, 10
_MOST_LANES = 24
"""Lanes drawn separately; any more share the last one."""
_BEND = 0.015
"""The share of the width in which a branch leaves or joins a line."""
_MOST_DOTS = 1500
_FEW = 60
"""A chain of so many revisions shows each of them as a dot."""


def overview(
    history: History, kinds: Mapping[str, str], places: Mapping[str, str]
) -> Iterator[str]:
    """Yield the drawing of a chain; nothing for one of fewer than two revisions.

    Args:
        history: The chain.
        kinds: What is remarkable about revisions, by path: `error`, `warning`, `new` or `head`.
        places: The name of each revision's row, by path.
    """
    ordered = order(history)
    if len(ordered) < 2:
        return
    drawn = _Drawn(
        {each.id: number for number, each in enumerate(ordered)}, _lanes(ordered), len(ordered) - 1
    )
    height = 2 * _MIDDLE + _LANE * max(drawn.lanes.values())
    yield f'<svg class="map" width="100%" height="{height}" aria-hidden="true">'
    yield "".join(_lines(ordered, drawn))
    # The more remarkable are drawn over the others.
    dots = [each for each in ordered if each.path in kinds or len(ordered) <= _FEW]
    dots.sort(key=lambda each: _RANK.index(kinds.get(each.path, "plain")))
    for each in dots[-_MOST_DOTS:]:
        yield _dot(each.id, drawn, kinds.get(each.path, "plain"), places[each.path])
    yield "</svg>"
    first, last = code(ordered[0].id), code(ordered[-1].id)
    yield f'<p class="ends"><span>{first}</span><span>{last}</span></p>'
    if legend := _legend(kinds):
        yield f'<p class="legend">{legend}</p>'


class _Drawn(NamedTuple):
    """Where each revision is drawn, by id."""

    at: Mapping[str, int]
    """Its number in the chain, from 0."""
    lanes: Mapping[str, int]
    whole: int
    """The number of the last one."""


def _dot(key: str, drawn: _Drawn, kind: str, place: str) -> str:
    x, y = _x(drawn.at[key], drawn.whole), _y(drawn.lanes[key])
    radius = 3 if kind == "plain" else 5
    return (
        f'<a href="#{place}" tabindex="-1"><circle class="{kind}" cx="{x}" cy="{y}"'
        f' r="{radius}"/><title>{escape(key)}</title></a>'
    )


_RANK = ("plain", "head", "new", "warning", "error")


_WORDS = {"error": "with errors", "warning": "with warnings", "new": "new", "head": "head"}


def _legend(kinds: Mapping[str, str]) -> str:
    """Explain the colors of the dots that are drawn."""
    used = {*kinds.values()}
    return "".join(
        f'<span><i class="dot {kind}"></i> {said}</span>'
        for kind, said in _WORDS.items()
        if kind in used
    )


def _lanes(ordered: Sequence[Revision]) -> dict[str, int]:
    """Give each revision a lane, newest first, as the list of revisions does."""
    waiting = {each.id for each in ordered}
    lanes: list[str | None] = []
    found = {}
    for revision in reversed(ordered):
        waiting.discard(revision.id)
        if revision.id not in lanes:
            lanes = occupy(lanes, revision.id)
        lane = lanes.index(revision.id)
        found[revision.id] = min(lane, _MOST_LANES - 1)
        parents = [parent for parent in revision.parents if parent in waiting]
        lanes = advance(lanes, lane, parents)
    return found


def _lines(ordered: Sequence[Revision], drawn: _Drawn) -> Iterator[str]:
    """Yield one line for each stretch of a lane, and one for each change of lanes."""
    at, lanes, whole = drawn
    until: dict[int, tuple[int, int]] = {}
    for revision in ordered:
        for parent in revision.parents:
            if parent not in at:
                continue
            start, end = sorted((at[parent], at[revision.id]))
            lane = lanes[revision.id]
            if lanes[parent] != lane:
                yield from _bent(start, lanes[parent], end, lane, whole)
            elif lane in until and until[lane][1] >= start:
                until[lane] = (until[lane][0], max(end, until[lane][1]))
            else:
                if lane in until:
                    yield _line(until[lane][0], lane, until[lane][1], lane, whole)
                until[lane] = (start, end)
    for lane, (start, end) in until.items():
        yield _line(start, lane, end, lane, whole)


def _bent(start: int, lane: int, end: int, to: int, whole: int) -> Iterator[str]:
    """Yield the lines to another lane: along the side branch, and a short one to or from it."""
    bend = min(end - start, whole * _BEND)
    if to > lane:
        yield _line(start, lane, start + bend, to, whole)
        yield _line(start + bend, to, end, to, whole)
    else:
        yield _line(start, lane, end - bend, lane, whole)
        yield _line(end - bend, lane, end, to, whole)


def _line(start: float, lane: int, end: float, to: int, whole: int) -> str:
    return f'<line x1="{_x(start, whole)}" y1="{_y(lane)}" x2="{_x(end, whole)}" y2="{_y(to)}"/>'


def _x(number: float, whole: int) -> str:
    """Place a revision within 2 and 98 %, so that no dot is cut off."""
    return f"{2 + 96 * number / whole:.2f}%"


def _y(lane: int) -> int:
    return _MIDDLE + _LANE * lane
