"""New revisions as one line behind a head, and the names that they get.

Pure: from revisions to steps.
"""

from __future__ import annotations

import heapq
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from revgate.errors import UsageError
from revgate.history.graph import Graph
from revgate.history.names import TIMESTAMP, impossible
from revgate.repair.edits import Step

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from revgate.history.revision import Revision

_FORM = "%Y%m%d%H%M%S"


def in_order(new: Sequence[Revision]) -> list[Revision]:
    """Bring revisions into one line: parents and dependencies first, then by time and name.

    Raises:
        UsageError: They go round in a circle.
    """
    graph = Graph(new)
    waiting: dict[str, set[str]] = {}
    after: dict[str, list[str]] = {}
    for key, each in graph.by_id.items():
        before = {*each.parents, *graph.dependencies.get(key, ())}
        waiting[key] = before & graph.by_id.keys()
        for earlier in waiting[key]:
            after.setdefault(earlier, []).append(key)
    ready = sorted(_rank(graph.by_id[key]) for key, before in waiting.items() if not before)
    ordered = []
    while ready:
        *_, key = heapq.heappop(ready)
        ordered.append(graph.by_id[key])
        for later in after.get(key, ()):
            waiting[later].remove(key)
            if not waiting[later]:
                heapq.heappush(ready, _rank(graph.by_id[later]))
    if left := [key for key, before in waiting.items() if before]:
        raise UsageError(f"these revisions go round in a circle: {', '.join(sorted(left))}")
    return ordered


def _rank(revision: Revision) -> tuple[str, str, str]:
    return revision.stamp, revision.path, revision.id


def behind(head: str, ordered: Sequence[Revision]) -> list[Step]:
    """Put revisions behind a head, each with its predecessor as the only parent."""
    parents = [head, *(each.id for each in ordered)]
    return [
        Step(revision, parent, revision.id, revision.path)
        for parent, revision in zip(parents, ordered, strict=False)
    ]


def restamped(
    head: Revision,
    ordered: Sequence[Revision],
    now: datetime,
    ids: Collection[str],
    paths: Collection[str],
) -> list[Step]:
    """Put revisions behind a head, and give them ids and names by the time, a second apart.

    Args:
        head: Of the base.
        ordered: The revisions, in their order.
        now: The time in UTC; a second after the head's where that is later.
        ids: Ids that are taken.
        paths: Paths that are taken.

    Raises:
        UsageError: A name has no description to keep, or there is no later time.
    """
    times = _times(now, head)
    steps = []
    parent = head.id
    for revision in ordered:
        folder, slug = revision.path[: -len(revision.name)], _slug(revision)
        made = next(
            each
            for each in times
            if f"{each:{_FORM}}" not in ids and f"{folder}{each:{_FORM}}_{slug}.py" not in paths
        )
        key = f"{made:{_FORM}}"
        steps.append(Step(revision, parent, key, f"{folder}{key}_{slug}.py", made))
        parent = key
    return steps


def _times(now: datetime, head: Revision) -> Iterator[datetime]:
    """Yield seconds, the first of them after the head's."""
    time = now.replace(microsecond=0)
    stamp = head.stamp or head.id
    try:
        if len(stamp) == 14 and stamp.isdecimal() and not impossible(stamp):
            last = datetime.strptime(stamp, _FORM).replace(tzinfo=UTC)
            time = max(time, last + timedelta(seconds=1))
        while True:
            yield time
            time += timedelta(seconds=1)
    except OverflowError:
        raise UsageError(f"there is no time after `{head.id}`, the head: rename it there") from None


def _slug(revision: Revision) -> str:
    """Return the description in a file's name, also behind an id such as Alembic makes up."""
    if match := TIMESTAMP.fullmatch(revision.name):
        return match["slug"]
    slug = revision.name.removesuffix(".py").removeprefix(f"{revision.id}_")
    if not TIMESTAMP.fullmatch(f"{'0' * 14}_{slug}.py"):
        raise UsageError(
            f"{revision.path}: the name has no description to keep: rename it to"
            " YYYYMMDDHHMMSS_description.py, then run this again"
        )
    return slug
