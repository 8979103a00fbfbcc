"""Renders what an upgrade is about to do, for the user to confirm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules._locks import blocks
from revgate.text import harmless, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.doctor.target import Target
    from revgate.roundtrip.observed import RoundTrip, Step

_SLOW_MS = 100


def render(
    target: Target, current: Sequence[str], pending: Sequence[str], observed: RoundTrip | None
) -> str:
    """Render the pending revisions with the effects observed in the round trip.

    Args:
        target: The database.
        current: Its stamps.
        pending: Ids in upgrade order.
        observed: The round trip on a throwaway server.
    """
    lines = [
        f"{target.address}, named by {target.named_by}",
        f"current revision: {', '.join(current) or 'none'}; {len(pending)} pending:",
    ]
    steps = {step.revision.id: step for step in observed.steps} if observed else {}
    for revision in pending:
        lines += _revision(revision, steps.get(revision))
    lines.append("Times are from an empty database; on a large table, locks are held for longer.")
    return "".join(f"{harmless(printable(line))}\n" for line in lines)


def _revision(revision: str, step: Step | None) -> Iterator[str]:
    took = step.upgrade_ms if step else None
    yield f"  {revision}" + (f"  {took:.0f} ms" if took is not None and took >= _SLOW_MS else "")
    if step is None:
        return
    seen = [
        f"{lock.mode} on {lock.table}: blocks {blocks(lock.mode)}"
        for _, lock in step.locks
        if blocks(lock.mode)
    ]
    yield from (f"    {each}" for each in dict.fromkeys(seen))
    yield from (f"    rewrites {table}" for table in step.rewrites)
