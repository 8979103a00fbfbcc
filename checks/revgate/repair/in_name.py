"""Gives new revisions the names and ids that the setting `file-name = "timestamp"` asks for."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from revgate.errors import UsageError
from revgate.history.names import TIMESTAMP, impossible
from revgate.repair.edits import Step

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from revgate.history.history import History
    from revgate.history.revision import Head, Revision

_FORM = "%Y%m%d%H%M%S"
_LENGTH = len("YYYYMMDDHHMMSS")
_LONGEST_SLUG = 40


def named_steps(
    history: History, new: Collection[str], troubled: Collection[str], heads: dict[str, Head]
) -> list[Step]:
    """Return what becomes of revisions whose names or ids are wrong, and of those after them.

    A timestamp that is there is kept: the one in the file's name, the id, or the date in the
    docstring, if it is later than the parent's.

    Args:
        history: The history.
        new: Ids of the revisions that may change.
        troubled: Ids of those with a finding; one whose parent changes follows.
        heads: The tops of their files, by id.
    """
    graph = history.graph
    ids: dict[str, str] = {}
    taken = {*graph.by_id}
    steps = []
    for key in graph.order:
        revision = graph.by_id[key]
        if key not in new or len(revision.parents) > 1:
            continue
        parent = revision.parents[0] if revision.parents else None
        after = _stamp_of(graph.by_id.get(parent or ""), ids.get(parent or "", parent or ""))
        made = _made(revision, heads.get(key), after, taken) if key in troubled else None
        if made is None and parent not in ids:
            continue
        changed = made or key
        if made:
            ids[key] = made
            taken.add(made)
        path = f"{_folder(revision)}{made}_{_slug(revision)}.py" if made else revision.path
        created = datetime.strptime(made, _FORM).replace(tzinfo=UTC) if made else None
        steps.append(Step(revision, ids.get(parent or "", parent or ""), changed, path, created))
    return steps


def _stamp_of(parent: Revision | None, key: str) -> str:
    """Return the timestamp that a revision has to come after; empty if there is none."""
    return key if _is_stamp(key) else (parent.stamp if parent and _is_stamp(parent.stamp) else "")


def _is_stamp(text: str) -> bool:
    return len(text) == _LENGTH and text.isascii() and text.isdecimal() and not impossible(text)


def _made(revision: Revision, head: Head | None, after: str, taken: Collection[str]) -> str:
    for stamp in _stamps(revision, head):
        if _is_stamp(stamp) and stamp > after and (stamp == revision.id or stamp not in taken):
            return stamp
    now = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
    if after:
        now = max(now, datetime.strptime(after, _FORM) + timedelta(seconds=1))  # noqa: DTZ007 - UTC
    while f"{now:{_FORM}}" in taken:
        now += timedelta(seconds=1)
    return f"{now:{_FORM}}"


def _stamps(revision: Revision, head: Head | None) -> Iterator[str]:
    yield revision.stamp
    yield revision.id
    if head is not None and head.header.create_date is not None:
        yield re.sub(r"\D", "", head.header.create_date.text)[:_LENGTH]


def _folder(revision: Revision) -> str:
    return revision.path[: -len(revision.name)]


def _slug(revision: Revision) -> str:
    """Return the description in a file name, without an id or digits before it.

    Raises:
        UsageError: There is none.
    """
    text = revision.name.removesuffix(".py").removeprefix(revision.id)
    words = re.findall(r"[^\W_]+", re.sub(r"^[\d_\-]+(?=[^\d_\-])", "", text))
    slug = "_".join(words).lower()[:_LONGEST_SLUG].strip("_")
    if not TIMESTAMP.fullmatch(f"{'0' * _LENGTH}_{slug}.py"):
        raise UsageError(f"{revision.path}: the file name has no description to keep")
    return slug
