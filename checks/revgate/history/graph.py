"""The graph of the revisions of one environment, valid or not.

Alembic stops at the first defect; this graph tolerates all of them, so that they can be reported
together.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from revgate.history.revision import Revision


class Graph:
    """Revisions by id, and the relations between them.

    If revisions share an id, the last one counts, as for Alembic.
    """

    def __init__(self, revisions: Sequence[Revision], unread: Iterable[str] = ()) -> None:
        """Build the graph.

        Args:
            revisions: In the order of their files.
            unread: Ids of files of which only the id could be read: they exist, with unknown
                parents.
        """
        self.revisions = revisions
        self.by_id = {revision.id: revision for revision in revisions}
        self.unread = frozenset(unread) - self.by_id.keys()

    @cached_property
    def children(self) -> dict[str, list[str]]:
        """Ids of the children of each id."""
        children: dict[str, list[str]] = {}
        for revision in self.by_id.values():
            for parent in revision.parents:
                children.setdefault(parent, []).append(revision.id)
        return children

    @cached_property
    def heads(self) -> tuple[str, ...]:
        """What `alembic heads` prints, sorted; a dependency does not affect it."""
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
        """Each revision with each of its parents that does not exist."""
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
        """Revisions by the branch labels in their files."""
        labels: dict[str, list[Revision]] = {}
        for revision in self.revisions:  # if two share an id, both count
            for label in revision.labels:
                labels.setdefault(label, []).append(revision)
        return labels

    @cached_property
    def ambiguous_labels(self) -> dict[str, list[Revision]]:
        """Labels of several revisions, or that are also ids: Alembic refuses both."""
        return {
            label: revisions
            for label, revisions in self.labels.items()
            if len(revisions) > 1 or label in self.by_id
        }

    @cached_property
    def missing_dependencies(self) -> list[tuple[Revision, str]]:
        """Each revision with each entry of its `depends_on` that is neither an id nor a label.

        Empty if some labels are unknown, since any name could be one of those.
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
        """The ids in `depends_on`, labels resolved, of each revision that has any."""
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
        """Ids in upgrade order, without those in or after a cycle."""
        if self.is_straight and not self.dependencies:
            return self._line
        return self._sorted(self._before)

    @cached_property
    def is_straight(self) -> bool:
        """Whether one walk from base to head visits every revision: then nothing is wrong."""
        return bool(self._line)

    @cached_property
    def _line(self) -> tuple[str, ...]:
        """Ids in the order of the one walk that visits all of them; empty where none does."""
        if len(self.bases) != 1 or len(self.children) >= len(self.by_id):
            return ()
        line = [self.bases[0]]
        while (children := self.children.get(line[-1])) is not None:
            # Through a merge point, a walk from the base may enter a cycle.
            if len(children) != 1 or len(line) > len(self.by_id):
                return ()
            line += children
        return tuple(line) if len(line) == len(self.by_id) else ()

    @cached_property
    def cycles(self) -> list[tuple[str, ...]]:
        """A cycle of each group of ids that reach each other, smallest id first."""
        if self.is_straight:
            return []
        return self._cycles({key: list(each.parents) for key, each in self.by_id.items()})

    @cached_property
    def dependency_cycles(self) -> list[tuple[str, ...]]:
        """Like `cycles`, for those that exist only because of a dependency."""
        if not self.dependencies:
            return []
        closed = {key for cycle in self.cycles for key in cycle}
        return [cycle for cycle in self._cycles(self._before) if not closed & {*cycle}]

    @cached_property
    def _before(self) -> dict[str, list[str]]:
        """The ids that run before each id."""
        return {
            key: list(dict.fromkeys((*each.parents, *self.dependencies.get(key, ()))))
            for key, each in self.by_id.items()
        }

    def _sorted(self, before: dict[str, list[str]]) -> tuple[str, ...]:
        """Sort ids topologically, without those in or after a cycle."""
        sorter = TopologicalSorter(
            {key: [each for each in earlier if each in before] for key, earlier in before.items()}
        )
        with suppress(CycleError):  # ids that no cycle blocks can still be sorted
            sorter.prepare()
        ready = sorted(sorter.get_ready(), reverse=True)
        ordered = []
        while ready:
            ordered.append(ready.pop())
            sorter.done(ordered[-1])
            ready += sorter.get_ready()
        return tuple(ordered)

    def _cycles(self, before: dict[str, list[str]]) -> list[tuple[str, ...]]:
        left = before.keys() - set(self._sorted(before))
        edges = {key: [each for each in before[key] if each in left] for key in left}
        return sorted(_around(min(component), edges, component) for component in _components(edges))

    @cached_property
    def unwalkable(self) -> list[tuple[Revision, str, str]]:
        """Each merge that names one of its ancestors twice, with that and the id in between.

        Of three or more parents and dependencies, one is an ancestor of another, and two are not:
        Alembic then deletes a version that is no longer in its table, which ends in a `KeyError`.
        """
        if self.cycles or self.dependency_cycles:
            return []
        return [
            (revision, *between)
            for revision in self.by_id.values()
            if len(revision.parents) + len(revision.depends_on) > 2
            and (between := self._superfluous(revision))
        ]

    def _superfluous(self, revision: Revision) -> tuple[str, str] | None:
        """Return a parent that is an ancestor of another one, and that one."""
        direct = [*dict.fromkeys((*revision.parents, *self._own_dependencies(revision)))]
        above = {key: self._all_before(key) for key in direct}
        again = [(key, each) for key in direct for each in direct if key in above[each]]
        if not again or len(direct) - len({key for key, _ in again}) < 2:
            return None
        return again[0]

    def _own_dependencies(self, revision: Revision) -> set[str]:
        """Return dependencies other than those of an ancestor, as `_normalize_depends_on` does."""
        known = self.ancestors(revision.id) - {revision.id}
        inherited = {each for key in known for each in self.dependencies.get(key, ())}
        return {*self.dependencies.get(revision.id, ())} - inherited

    def _all_before(self, key: str) -> set[str]:
        """Return the ids that run before an id: its ancestors, by parents and dependencies."""
        found: set[str] = set()
        waiting = [*self._before.get(key, ())]
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting += self._before.get(each, ())
        return found

    def ancestors(self, *ids: str) -> set[str]:
        """Return the ids and all their ancestors, including missing parents."""
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
        """Return the id and all its descendants."""
        found: set[str] = set()
        waiting = [key]
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting += self.children.get(each, ())
        return found

    def common_ancestor(self, ids: Sequence[str]) -> str | None:
        """Return the last common ancestor of the ids: where they diverge."""
        shared = set.intersection(*(self.ancestors(key) for key in ids))
        return next((key for key in reversed(self.order) if key in shared), None)

    @cached_property
    def adrift(self) -> frozenset[str]:
        """Ids that descend from a missing or unread revision."""
        lost = [parent for parent in self.children if parent not in self.by_id]
        return frozenset(key for parent in lost for key in self.descendants(parent))

    def labels_above(self, key: str) -> set[str]:
        """Return the branch labels of an id and of all its ancestors."""
        found = self.ancestors(key) & self.by_id.keys()
        return {label for each in found for label in self.by_id[each].labels}


def _components(edges: dict[str, list[str]]) -> Iterator[set[str]]:
    """Yield the strongly connected components that have a cycle, by Kosaraju's algorithm."""
    back: dict[str, list[str]] = {key: [] for key in edges}
    for key in sorted(edges):
        for target in edges[key]:
            back[target].append(key)
    seen: set[str] = set()
    for start in reversed(_finished(edges)):
        component = {start} - seen
        waiting = list(component)
        seen |= component
        while waiting:
            fresh = {*back[waiting.pop()]} - seen
            component |= fresh
            seen |= fresh
            waiting += fresh
        if len(component) > 1 or (component and start in edges[start]):
            yield component


def _finished(edges: dict[str, list[str]]) -> list[str]:
    """Return nodes in post-order of a depth-first search, without recursion."""
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


def _around(start: str, edges: dict[str, list[str]], component: set[str]) -> tuple[str, ...]:
    """Return a shortest cycle through a node, child after parent."""
    came_from: dict[str, str] = {}
    waiting = [start]
    for key in waiting:  # grows during iteration: breadth-first
        for parent in edges[key]:
            if parent in component and parent not in came_from:
                came_from[parent] = key
                waiting.append(parent)
    # `came_from` leads from a parent to its child.
    way = [start]
    while (key := came_from[way[-1]]) != start:
        way.append(key)
    return tuple(way)
