"""The graph of one environment's revisions, whatever is wrong with it.

Knows ids and parents; neither files nor Alembic. Where Alembic stops at the first defect, this
graph holds a placeholder and goes on, so that all defects can be reported at once.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from revgate.history.revision import Revision


class Graph:
    """Revisions by id, and what follows from their parents.

    Of revisions that share an id the last one counts, as for Alembic.
    """

    def __init__(self, revisions: Sequence[Revision], unread: Iterable[str] = ()) -> None:
        """Build the graph.

        Args:
            revisions: In the order of their files.
            unread: Ids of files that could not be read otherwise: they exist, and nothing is
                known of their parents.
        """
        self.revisions = revisions
        self.by_id = {revision.id: revision for revision in revisions}
        self.unread = frozenset(unread) - self.by_id.keys()

    @cached_property
    def children(self) -> dict[str, list[str]]:
        """Ids of the revisions that name an id as a parent."""
        children: dict[str, list[str]] = {}
        for revision in self.by_id.values():
            for parent in revision.parents:
                children.setdefault(parent, []).append(revision.id)
        return children

    @cached_property
    def heads(self) -> tuple[str, ...]:
        """What `alembic heads` would print, sorted; a dependency makes nothing less of a head."""
        return tuple(sorted(self.by_id.keys() - self.children.keys()))

    @cached_property
    def bases(self) -> tuple[str, ...]:
        """Ids without a parent, sorted."""
        return tuple(sorted(each.id for each in self.by_id.values() if not each.parents))

    @cached_property
    def branch_points(self) -> tuple[str, ...]:
        """Ids with more than one child, sorted."""
        return tuple(
            sorted(
                parent
                for parent, children in self.children.items()
                if len(children) > 1 and parent in self.by_id
            )
        )

    @cached_property
    def merge_points(self) -> tuple[str, ...]:
        """Ids with more than one parent, sorted."""
        return tuple(sorted(each.id for each in self.by_id.values() if len(each.parents) > 1))

    @cached_property
    def duplicates(self) -> dict[str, list[Revision]]:
        """Revisions that share an id, by that id."""
        if len(self.by_id) == len(self.revisions):
            return {}
        sharing: dict[str, list[Revision]] = {}
        for revision in self.revisions:
            sharing.setdefault(revision.id, []).append(revision)
        return {key: found for key, found in sharing.items() if len(found) > 1}

    @cached_property
    def missing(self) -> list[tuple[Revision, str]]:
        """Each revision with each parent of it that is no revision."""
        known = self.by_id.keys() | self.unread
        absent = self.children.keys() - known
        if not absent:
            return []
        return [
            (revision, parent)
            for revision in self.revisions
            for parent in revision.parents
            if parent in absent
        ]

    @cached_property
    def labels(self) -> dict[str, list[Revision]]:
        """Revisions by the branch labels that they state."""
        labels: dict[str, list[Revision]] = {}
        for revision in self.revisions:  # of two that share an id, both state theirs
            for label in revision.labels:
                labels.setdefault(label, []).append(revision)
        return labels

    @cached_property
    def ambiguous_labels(self) -> dict[str, list[Revision]]:
        """Labels that several revisions state, or that are ids too: Alembic refuses both."""
        return {
            label: revisions
            for label, revisions in self.labels.items()
            if len(revisions) > 1 or label in self.by_id
        }

    @cached_property
    def missing_dependencies(self) -> list[tuple[Revision, str]]:
        """Each revision with each `depends_on` of it that is neither an id nor a label.

        None where some labels are not known, since any name might be one of those.
        """
        if self.unread or any("branch_labels" in each.computed for each in self.revisions):
            return []
        return [
            (revision, name)
            for revision in self.revisions
            for name in revision.depends_on
            if name not in self.by_id and name not in self.labels
        ]

    @cached_property
    def dependencies(self) -> dict[str, list[str]]:
        """The ids that each revision depends on, labels resolved; of those that depend on any."""
        return {
            revision.id: [
                name if name in self.by_id else self.labels[name][-1].id
                for name in revision.depends_on
                if name in self.by_id or name in self.labels
            ]
            for revision in self.by_id.values()
            if revision.depends_on
        }

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Ids, parents and dependencies first; those in or behind a cycle are left out."""
        return self._sorted(self._before)

    @cached_property
    def is_straight(self) -> bool:
        """Whether one walk from base to head meets every revision: then nothing is wrong."""
        if len(self.bases) != 1 or len(self.children) >= len(self.by_id):
            return False
        met = 1
        children = self.children.get(self.bases[0])
        while children is not None:
            # Through a merge point, a walk from the base may get into a circle.
            if len(children) != 1 or met > len(self.by_id):
                return False
            met += 1
            children = self.children.get(children[0])
        return met == len(self.by_id)

    @cached_property
    def cycles(self) -> list[tuple[str, ...]]:
        """The ids of a cycle in each knot of parents, each following its parent, least id first."""
        if self.is_straight:
            return []
        return self._cycles({key: list(each.parents) for key, each in self.by_id.items()})

    @cached_property
    def dependency_cycles(self) -> list[tuple[str, ...]]:
        """As `cycles`, of those that only a dependency closes."""
        if not self.dependencies:
            return []
        closed = {key for cycle in self.cycles for key in cycle}
        return [cycle for cycle in self._cycles(self._before) if not closed & {*cycle}]

    @cached_property
    def _before(self) -> dict[str, list[str]]:
        """The ids that must have run before each id."""
        return {
            key: list(dict.fromkeys((*each.parents, *self.dependencies.get(key, ()))))
            for key, each in self.by_id.items()
        }

    def _sorted(self, before: dict[str, list[str]]) -> tuple[str, ...]:
        waiting = {
            key: sum(each in self.by_id for each in earlier) for key, earlier in before.items()
        }
        after: dict[str, list[str]] = {}
        for key, earlier in before.items():
            for each in earlier:
                after.setdefault(each, []).append(key)
        ready = sorted((key for key, count in waiting.items() if count == 0), reverse=True)
        ordered = []
        while ready:
            key = ready.pop()
            ordered.append(key)
            for later in after.get(key, ()):
                waiting[later] -= 1
                if waiting[later] == 0:
                    ready.append(later)
        return tuple(ordered)

    def _cycles(self, before: dict[str, list[str]]) -> list[tuple[str, ...]]:
        left = before.keys() - set(self._sorted(before))
        edges = {key: [each for each in before[key] if each in left] for key in left}
        return sorted(_around(min(knot), edges, knot) for knot in _knots(edges))

    def ancestors(self, *ids: str) -> set[str]:
        """Return the ids and all that they descend from, missing parents too."""
        found: set[str] = set()
        waiting = list(ids)
        while waiting:
            key = waiting.pop()
            if key not in found:
                found.add(key)
                if key in self.by_id:
                    waiting += self.by_id[key].parents
        return found

    def descendants(self, key: str) -> set[str]:
        """Return the id and all that descend from it."""
        found: set[str] = set()
        waiting = [key]
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting += self.children.get(each, ())
        return found

    def common_ancestor(self, ids: Sequence[str]) -> str | None:
        """Return the last revision that all of the ids descend from: where they part."""
        shared = set.intersection(*(self.ancestors(key) for key in ids))
        return next((key for key in reversed(self.order) if key in shared), None)

    @cached_property
    def adrift(self) -> frozenset[str]:
        """Ids that descend from something that is missing or unread."""
        lost = [parent for parent in self.children if parent not in self.by_id]
        return frozenset(key for parent in lost for key in self.descendants(parent))

    def labels_above(self, key: str) -> set[str]:
        """Return the branch labels of an id and of all that it descends from."""
        found = self.ancestors(key) & self.by_id.keys()
        return {label for each in found for label in self.by_id[each].labels}


def _knots(edges: dict[str, list[str]]) -> Iterator[set[str]]:
    """Yield the sets of nodes that all reach each other, by the algorithm of Kosaraju."""
    back: dict[str, list[str]] = {key: [] for key in edges}
    for key in sorted(edges):
        for target in edges[key]:
            back[target].append(key)
    seen: set[str] = set()
    for start in reversed(_finished(edges)):
        knot = {start} - seen
        waiting = list(knot)
        seen |= knot
        while waiting:
            fresh = {*back[waiting.pop()]} - seen
            knot |= fresh
            seen |= fresh
            waiting += fresh
        if len(knot) > 1 or (knot and start in edges[start]):
            yield knot


def _finished(edges: dict[str, list[str]]) -> list[str]:
    """Return nodes in the order in which a walk in depth leaves them; without recursion."""
    order: list[str] = []
    seen: set[str] = set()
    for start in sorted(edges):
        path = [] if start in seen else [(start, iter(edges[start]))]
        seen.add(start)
        while path:
            key, targets = path[-1]
            target = next((each for each in targets if each not in seen), None)
            if target is None:
                order.append(key)
                path.pop()
            else:
                seen.add(target)
                path.append((target, iter(edges[target])))
    return order


def _around(start: str, edges: dict[str, list[str]], knot: set[str]) -> tuple[str, ...]:
    """Return a shortest way from a node back to itself, every node following its parent."""
    came_from: dict[str, str] = {}
    waiting = [start]
    for key in waiting:  # grows while it is walked: the nearest first
        for parent in edges[key]:
            if parent in knot and parent not in came_from:
                came_from[parent] = key
                waiting.append(parent)
    # `came_from` leads from a parent to its child: from the start, onward in time.
    way = [start]
    while (key := came_from[way[-1]]) != start:
        way.append(key)
    return tuple(way)
