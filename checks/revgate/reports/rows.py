"""The list of revisions on the HTML page, next to the drawing of the chain.

The newest revision comes first, as in `alembic history`. The drawing is split into one small
picture per row, so that rows can be opened, filtered, or skipped by the layout while off-screen.
Long stretches without anything remarkable are folded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from revgate.reports.chain import advance, marks, occupy, order
from revgate.reports.elements import code
from revgate.reports.revision import kind, line, row
from revgate.text import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.history.history import History
    from revgate.history.revision import Revision
    from revgate.reports.revision import Facts

_HEIGHT, _MIDDLE = 36, 18
_STEP, _MARGIN = 14, 10
_WIDEST = 24
"""Lanes drawn separately; any more share the last one."""
_FOLDED_FROM = 8
"""Rows without anything remarkable that are folded."""
_AROUND = 2
"""Rows of a folded stretch that stay visible at each of its ends."""


def chain(history: History, facts: Facts) -> Iterator[str]:
    """Yield a row for each revision, in stretches."""
    stretch: list[_Row] = []
    for each in _rows(history):
        if _is_remarkable(history, each.revision, facts):
            yield from _stretch(history, facts, stretch)
            yield _written(history, facts, each)
            stretch = []
        else:
            stretch.append(each)
    yield from _stretch(history, facts, stretch)


class _Row(NamedTuple):
    """A revision with its row of the drawing."""

    revision: Revision
    picture: _Picture


def _rows(history: History) -> Iterator[_Row]:
    ordered = order(history)
    waiting = dict.fromkeys(each.id for each in ordered)
    lanes: list[str | None] = []
    widest = 1
    for revision in reversed(ordered):
        del waiting[revision.id]
        before = lanes
        if revision.id not in lanes:
            lanes = occupy(lanes, revision.id)
        lane = lanes.index(revision.id)
        parents = [parent for parent in revision.parents if parent in waiting]
        lanes = advance(lanes, lane, parents)
        widest = max(widest, lane + 1, len(lanes), len(before))
        picture = _Picture(before, lanes, lane, revision.id, parents, min(widest, _WIDEST))
        yield _Row(revision, picture)


def _is_remarkable(history: History, revision: Revision, facts: Facts) -> bool:
    is_base = not revision.parents
    return is_base or kind(history, revision, facts) != "plain" or bool(marks(history, revision))


def _stretch(history: History, facts: Facts, rows: Sequence[_Row]) -> Iterator[str]:
    """Yield rows without anything remarkable; most of a long stretch is folded."""
    if len(rows) < _FOLDED_FROM:
        yield from (_written(history, facts, each) for each in rows)
        return
    folded = rows[_AROUND:-_AROUND]
    yield from (_written(history, facts, each) for each in rows[:_AROUND])
    first, last = folded[0].revision, folded[-1].revision
    yield (
        f'<details class="run"><summary>{folded[0].picture.gap()}<span>'
        f"{count(len(folded), 'revision')}, {code(last.id)} to {code(first.id)}</span></summary>"
    )
    yield from (_written(history, facts, each) for each in folded)
    yield "</details>"
    yield from (_written(history, facts, each) for each in rows[-_AROUND:])


def _written(history: History, facts: Facts, each: _Row) -> str:
    """Write a row, or a link for a revision that is shown before the chain."""
    revision, picture = each
    node = picture.node(kind(history, revision, facts))
    if revision.path in facts.shown_above:
        place = facts.places[revision.path]
        return f'<a class="l" href="#{place}">{node}{line(history, revision, facts)}</a>'
    return row(history, revision, facts, (node, picture.below()), is_open=False)


class _Picture(NamedTuple):
    """One row of the drawing: the lanes above it and below it, by the id they lead to."""

    before: Sequence[str | None]
    after: Sequence[str | None]
    lane: int
    key: str
    parents: Sequence[str]
    widest: int

    @property
    def width(self) -> int:
        return 2 * _MARGIN + _STEP * (self.widest - 1)

    def node(self, kind: str) -> str:
        """Draw the revision and the lines that lead to it, past it and away from it."""
        at = _x(self.lane)
        lines = [
            f"M{_x(lane)} 0" + (f"V{_MIDDLE}" if key == self.key else f"V{_HEIGHT}")
            for lane, key in enumerate(self.before)
            if key is not None
        ]
        for parent in self.parents:
            to = _x(self.after.index(parent))
            bend = f"C{at} {_HEIGHT - 6} {to} {_MIDDLE + 6} {to} {_HEIGHT}"
            lines.append(f"M{at} {_MIDDLE}" + (f"V{_HEIGHT}" if to == at else bend))
        circle = f'<circle class="{kind}" cx="{at}" cy="{_MIDDLE}" r="5"/>'
        return self._drawn("g", lines, circle)

    def gap(self) -> str:
        """Draw the lanes dashed, where rows are folded."""
        lanes = [_x(lane) for lane, key in enumerate(self.before) if key is not None]
        return self._drawn("g gap", [f"M{x} 0V{_HEIGHT}" for x in lanes])

    def _drawn(self, name: str, lines: Sequence[str], also: str = "") -> str:
        drawn = "".join(dict.fromkeys(lines))
        path = f'<path d="{drawn}"/>' if drawn else ""
        return (
            f'<svg class="{name}" width="{self.width}" height="{_HEIGHT}" aria-hidden="true">'
            f"{path}{also}</svg>"
        )

    def below(self) -> str:
        """Continue the lines next to the contents of an open row."""
        found = [_x(lane) for lane, key in enumerate(self.after) if key is not None]
        drawn = "".join(f"M{x} 0V9" for x in dict.fromkeys(found))
        path = f'<path d="{drawn}"/>' if drawn else ""
        return (
            f'<svg class="c" width="{self.width}" viewBox="0 0 {self.width} 9"'
            f' preserveAspectRatio="none" aria-hidden="true">{path}</svg>'
        )


def _x(lane: int) -> int:
    return _MARGIN + _STEP * min(lane, _WIDEST - 1)
