"""Gives new revisions the names and ids that the setting `file-name = "timestamp"` asks for."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from revgate.errors import UsageError
from revgate.history.names import TIMESTAMP, is_timestamp
from revgate.repair.edits import Step
from revgate.repair.new import next_free

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from revgate.history.history import History
    from revgate.history.revision import Header, Revision

_FORM = "%Y%m%d%H%M%S"
_LENGTH = len("YYYYMMDDHHMMSS")
_LONGEST_SLUG = 40


def named_steps(
    history: History, new: Collection[str], troubled: Mapping[str, Header | None]
) -> list[Step]:
    """Return what becomes of revisions whose names or ids are wrong, and of those after them.

    A timestamp that is there is kept: the one in the file's name, the id, or the date in the
    docstring, if it is later than the parent's.

    Args:
        history: The history.
        new: Ids of the revisions that may change.
        troubled: The docstring headers of those with a finding, by id; one whose parent changes
            follows.
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
        made = _made(revision, troubled[key], after, taken) if key in troubled else None
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
    stamps = (key, parent.stamp if parent else "")
    return next((each for each in stamps if is_timestamp(each)), "")


def _made(revision: Revision, header: Header | None, after: str, taken: Collection[str]) -> str:
    for stamp in _stamps(revision, header):
        if is_timestamp(stamp) and stamp > after and (stamp == revision.id or stamp not in taken):
            return stamp
    return f"{next_free(datetime.now(UTC), after, taken):{_FORM}}"


def _stamps(revision: Revision, header: Header | None) -> Iterator[str]:
    yield revision.stamp
    yield revision.id
    if header is not None and header.create_date is not None:
        yield re.sub(r"\D", "", header.create_date.text)[:_LENGTH]


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
