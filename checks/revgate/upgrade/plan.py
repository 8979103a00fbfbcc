"""What an upgrade is about to do, as people read it before they say yes. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules._locks import blocks
from revgate.text import harmless, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.doctor.target import Place
    from revgate.roundtrip.observed import RoundTrip, Step

_SLOW_MS = 100


def render(
    place: Place, current: Sequence[str], pending: Sequence[str], observed: RoundTrip | None
) -> str:
    """Write the pending revisions with what the round trip saw them do.

    Args:
        place: The database.
        current: Its stamps.
        pending: Ids in upgrade order.
        observed: The round trip on a throwaway server.
    """
    lines = [
        f"{place.address}, named by {place.named_by}",
        f"is at {', '.join(current) or 'nothing'}; {len(pending)} to run:",
    ]
    steps = {step.revision.id: step for step in observed.steps} if observed else {}
    for revision in pending:
        lines += _revision(revision, steps.get(revision))
    lines.append("Times are those of an empty database; locks last as long as rows take.")
    return "".join(f"{harmless(printable(line))}\n" for line in lines)


def _revision(revision: str, step: Step | None) -> Iterator[str]:
    took = step.upgrade_ms if step else None
    yield f"  {revision}" + (f"  {took:.0f} ms" if took is not None and took >= _SLOW_MS else "")
    if step is None:
        return
    seen = [
        f"{lock.mode} on {lock.table}: no {blocks(lock.mode)} meanwhile"
        for _, lock in step.locks
        if blocks(lock.mode)
    ]
    yield from (f"    {each}" for each in dict.fromkeys(seen))
    yield from (f"    rewrites {table}" for table in step.rewrites)
