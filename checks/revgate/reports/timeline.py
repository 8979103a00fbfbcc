"""Draws the statements of a revision on a time axis, with the locks that they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from revgate.reports.elements import code, escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
    yield from _statements(step, whole)
    yield from _locks(held, whole)
    yield "</figure>"


def _statements(step: Step, whole: float) -> Iterator[str]:
    yield '<p class="lane">statements</p>'
    shown = enumerate(step.statements[:_MOST_STATEMENTS], 1)
    yield _strip(
        _bar(each.started_ms, each.ms, whole, "run" if number % 2 else "run even", str(number))
        for number, each in shown
    )


def _locks(held: list[_Held], whole: float) -> Iterator[str]:
    """Yield a strip for each lock: those that block most first, then those held for longest."""
    held.sort(key=lambda each: (_RANK[each.kind], -each.lock.held_ms))
    for each in held[:_MOST_LOCKS]:
        yield (
            f'<p class="lane">{code(each.lock.table)} {escape(each.lock.mode)},'
            f" {_ms(each.lock.held_ms)}, since statement {each.number}</p>"
        )
        yield _strip([_bar(each.start, each.lock.held_ms, whole, each.kind)])
    if len(held) > _MOST_LOCKS:
        yield f"<p>and {len(held) - _MOST_LOCKS} more locks</p>"


def _strip(bars: Iterable[str]) -> str:
    drawn = "".join(bars)
    return f'<svg class="strip" width="100%" height="12" aria-hidden="true">{drawn}</svg>'


def _bar(start: float, length: float, whole: float, kind: str, name: str = "") -> str:
    """Draw a bar that is at least as wide as its border; its name appears under the mouse."""
    left, width = (min(100.0, max(0.0, each / whole * 100)) for each in (start, length))
    width = min(width, 100 - left)
    drawn = f'<rect class="{kind}" x="{left:.2f}%" y="1" width="{width:.2f}%" height="10"'
    return f"{drawn}><title>statement {name}</title></rect>" if name else f"{drawn}/>"


def _ms(value: float) -> str:
    return f"{value:.0f} ms" if value >= 100 else f"{value:.1f} ms"
