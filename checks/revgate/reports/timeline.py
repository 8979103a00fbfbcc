"""Draws the statements of a revision on a time axis, with the locks that they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from revgate.reports.elements import code, escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import Lock, Step

_MOST_LOCKS = 15
_MOST_STATEMENTS = 300
_KINDS = {
    "AccessExclusiveLock": "reads",
    "ExclusiveLock": "writes",
    "ShareLock": "writes",
    "ShareRowExclusiveLock": "writes",
}


class _Held(NamedTuple):
    """A lock, from its statement to the end of its transaction."""

    lock: Lock
    start: float
    number: int
    """Of its statement, from 1."""

    @property
    def kind(self) -> str:
        """How much it blocks: `reads`, `writes`, or `little`."""
        return _KINDS.get(self.lock.mode, "little")


_RANK = {"reads": 0, "writes": 1, "little": 2}


def timeline(step: Step) -> Iterator[str]:
    """Yield the picture; nothing for a revision of which no statement was seen."""
    if not step.statements:
        return
    held = [
        _Held(lock, statement.started_ms, number)
        for number, statement in enumerate(step.statements, 1)
        for lock in statement.locks
    ]
    ends = [each.start + each.lock.held_ms for each in held]
    ends += [each.started_ms + each.ms for each in step.statements]
    whole = max(*ends, step.upgrade_ms or 0.0, 0.001)
    yield (
        '<figure class="time"><figcaption>Statements and locks over time'
        " (red: blocks reads and writes; yellow: blocks writes)</figcaption>"
    )
    marks = "".join(f"<span>{_ms(whole * part)}</span>" for part in (0, 0.5, 1))
    yield f'<p class="scale">{marks}</p>'
    yield '<p class="lane">statements</p>'
    bars = (
        _bar(each.started_ms, each.ms, whole, "run even" if at % 2 else "run")
        for at, each in enumerate(step.statements[:_MOST_STATEMENTS])
    )
    yield _strip("".join(bars))
    held.sort(key=lambda each: (_RANK[each.kind], -each.lock.held_ms))
    for each in held[:_MOST_LOCKS]:
        yield (
            f'<p class="lane">{code(each.lock.table)} {escape(each.lock.mode)},'
            f" {_ms(each.lock.held_ms)}, since statement {each.number}</p>"
        )
        yield _strip(_bar(each.start, each.lock.held_ms, whole, each.kind))
    if len(held) > _MOST_LOCKS:
        yield f"<p>and {len(held) - _MOST_LOCKS} more locks</p>"
    yield "</figure>"


def _strip(bars: str) -> str:
    return f'<svg class="strip" width="100%" height="12" aria-hidden="true">{bars}</svg>'


def _bar(start: float, length: float, whole: float, kind: str) -> str:
    """Draw a bar that is at least as wide as its border."""
    left, width = (min(100.0, max(0.0, each / whole * 100)) for each in (start, length))
    width = min(width, 100 - left)
    return f'<rect class="{kind}" x="{left:.2f}%" y="1" width="{width:.2f}%" height="10"/>'


def _ms(value: float) -> str:
    return f"{value:.0f} ms" if value >= 100 else f"{value:.1f} ms"
