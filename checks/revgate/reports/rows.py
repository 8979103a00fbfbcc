"""The rows of the HTML page: each revision, its place in the drawing, and what it did.

The newest revision comes first, as in `alembic history`. The drawing is split into one small
picture per row, so that rows can be opened, filtered, or skipped by the layout while off-screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from revgate.reports import SLOW_MS
from revgate.reports.chain import advance, marks, occupy, order, title
from revgate.reports.elements import code, escape
from revgate.roundtrip.observed import Step
from revgate.text import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from revgate.history.history import History
    from revgate.history.revision import Revision
    from revgate.reports.detail import Operations
    from revgate.roundtrip.observed import Lock, Statement

_HEIGHT, _MIDDLE = 36, 18
_STEP, _MARGIN = 14, 10
_WIDEST = 24
"""Lanes drawn separately; any more share the last one."""


class Facts(NamedTuple):
    """What is known about the revisions of one chain."""

    places: Mapping[str, str]
    """The name of each revision's row, by path."""
    findings: Mapping[str, Sequence[str]]
    """As HTML, by path."""
    severities: Mapping[str, Sequence[str]]
    """Of the same findings."""
    steps: Mapping[str, Step]
    """The steps of the round trip, by id."""
    operations: Mapping[str, tuple[Operations, Operations]]
    """Of upgrade and downgrade, by path."""


def chain(history: History, facts: Facts) -> Iterator[str]:
    """Yield a row for each revision."""
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
        yield _row(history, revision, facts, picture)


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
        drawn = "".join(dict.fromkeys(lines))
        path = f'<path d="{drawn}"/>' if drawn else ""
        return (
            f'<svg class="g" width="{self.width}" height="{_HEIGHT}" aria-hidden="true">{path}'
            f'<circle class="{kind}" cx="{at}" cy="{_MIDDLE}" r="5"/></svg>'
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


def _row(history: History, revision: Revision, facts: Facts, picture: _Picture) -> str:
    step = facts.steps.get(revision.id) or Step(revision)
    severities = facts.severities.get(revision.path, ())
    marked = marks(history, revision)
    worst = "error" if "error" in severities else "warning" if severities else ""
    kind = worst or ("head" if "head" in marked else "plain")
    badges = [f'<span class="mark">{escape(mark)}</span>' for mark in marked]
    badges += [
        f'<b class="{severity}">{count(severities.count(severity), severity)}</b>'
        for severity in ("error", "warning")
        if severity in severities
    ]
    kinds = " ".join(_kinds(revision, facts, marked, step))
    body = "".join(_body(history, revision, facts, step))
    return (
        f'<details class="r" id="{facts.places[revision.path]}" data-k="{kinds}"><summary>'
        f'{picture.node(kind)}{code(revision.id)}<span class="t">{escape(title(revision))}</span>'
        f'{"".join(badges)}<span class="ms">{_times(step)}</span></summary>'
        f'<div class="body">{picture.below()}<div>{body}</div></div></details>'
    )


def _kinds(revision: Revision, facts: Facts, marked: Sequence[str], step: Step) -> Iterator[str]:
    """Yield the words that the page filters by."""
    yield from dict.fromkeys(facts.severities.get(revision.path, ()))
    if "head" in marked:
        yield "head"
    if "branch point" in marked or "merge point" in marked:
        yield "fork"
    if step.locks:
        yield "lock"
    if step.rewrites:
        yield "rewrite"
    if step.longest_ms >= SLOW_MS:
        yield "slow"
    if revision.path in facts.operations:
        upgrade, downgrade = facts.operations[revision.path]
        if upgrade.kind == "code" and downgrade.kind != "code":
            yield "oneway"


def _times(step: Step) -> str:
    times = ((step.upgrade_ms, "↑", "up"), (step.downgrade_ms, "↓", "down"))
    return " ".join(
        f'<span title="{word}">{arrow} {took:.1f} ms</span>'
        for took, arrow, word in times
        if took is not None
    )


def _body(history: History, revision: Revision, facts: Facts, step: Step) -> Iterator[str]:
    for found in facts.findings.get(revision.path, ()):
        yield f'<div class="finding">{found}</div>'
    yield f"<p>{code(f'{revision.path}:{revision.id_at[0]}')}</p>"
    if revision.parents:
        links = ", ".join(_parent(history, parent, facts) for parent in revision.parents)
        yield f"<p>follows {links}</p>"
    if revision.labels:
        yield f"<p>branch labels {', '.join(map(code, revision.labels))}</p>"
    if revision.depends_on:
        yield f"<p>depends on {', '.join(map(code, revision.depends_on))}</p>"
    if both := facts.operations.get(revision.path):
        yield '<div class="both">'
        for name, operations in zip(("upgrade", "downgrade"), both, strict=True):
            yield _operations(name, operations)
        yield "</div>"
    yield from _observed(step)


def _parent(history: History, key: str, facts: Facts) -> str:
    parent = history.graph.by_id.get(key)
    if parent is None:
        return f"{code(key)}, which is missing"
    return f'<a href="#{facts.places[parent.path]}">{code(key)}</a>'


def _operations(name: str, operations: Operations) -> str:
    said = {"absent": "is missing", "empty": "does nothing", "raises": "only raises"}
    head = f"<h4>{name}</h4>"
    if operations.kind in said:
        return f"<div>{head}<p>{said[operations.kind]}</p></div>"
    items = "".join(f"<li>{escape(effect)}</li>" for effect in operations.effects)
    shown = f"<ul>{items}</ul>" if items else ""
    if not operations.complete:
        shown += (
            "<p>and more that cannot be read from the text</p>"
            if items
            else "<p>what it does cannot be read from the text</p>"
        )
    return f"<div>{head}{shown or '<p>creates and drops nothing</p>'}</div>"


def _observed(step: Step) -> Iterator[str]:
    """Show what the round trip measured."""
    if step.locks:
        items = "".join(f"<li>{_lock(line, lock)}</li>" for line, lock in step.locks)
        yield f"<h4>locks</h4><ul>{items}</ul>"
    if step.rewrites:
        yield f"<h4>rewrites</h4><p>{', '.join(map(code, step.rewrites))}</p>"
    if step.rows:
        yield f"<h4>rows</h4><p>{step.rows.filled} of {step.rows.total} tables had rows</p>"
    if step.statements:
        items = "".join(f"<li>{_statement(each)}</li>" for each in step.statements)
        yield f"<h4>statements</h4><ul>{items}</ul>"


def _lock(line: int, lock: Lock) -> str:
    return f"{escape(lock.mode)} on {code(lock.table)}" + (f", line {line}" if line else "")


def _statement(statement: Statement) -> str:
    place = f"line {statement.line}: " if statement.line else ""
    scans = f", scans {', '.join(map(code, statement.scans))}" if statement.scans else ""
    return f"{place}{code(statement.sql)} {statement.ms:.1f} ms{scans}"
