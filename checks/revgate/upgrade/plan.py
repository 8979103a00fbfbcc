"""What an upgrade is about to do, as people read it before they say yes. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from revgate.rules._locks import blocks
from revgate.text import harmless, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.doctor.target import Place

_SLOW_MS = 100


def render(
    place: Place, current: Sequence[str], pending: Sequence[str], observed: dict[str, Any]
) -> str:
    """Write the pending revisions with what the round trip saw them do.

    Args:
        place: The database.
        current: Its stamps.
        pending: Ids in upgrade order.
        observed: The `roundtrip` object of the JSON contract.
    """
    lines = [
        f"{place.address}, named by {place.named_by}",
        f"is at {', '.join(current) or 'nothing'}; {len(pending)} to run:",
    ]
    told = {each["revision"]: each for each in observed["revisions"]}
    for revision in pending:
        lines += _revision(revision, told.get(revision, {}))
    lines.append("Times are those of an empty database; locks last as long as rows take.")
    return "".join(f"{harmless(printable(line))}\n" for line in lines)


def _revision(revision: str, told: dict[str, Any]) -> Iterator[str]:
    took = told.get("upgrade_ms")
    yield f"  {revision}" + (f"  {took:.0f} ms" if took is not None and took >= _SLOW_MS else "")
    seen: dict[str, str] = {}
    for lock in told.get("locks", ()):
        if blocks(lock["mode"]):
            seen[f"{lock['mode']} on {lock['table']}: no {blocks(lock['mode'])} meanwhile"] = ""
    yield from (f"    {each}" for each in seen)
    yield from (f"    writes {table} anew, row by row" for table in told.get("rewrites", ()))
