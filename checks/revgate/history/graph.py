"""The graph of one environment's revisions, whatever is wrong with it.

Knows ids and parents; neither files nor Alembic. Where Alembic stops at the first defect, this
graph holds a placeholder and goes on, so that all defects can be reported at once.
"""

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from revgate.history.revision import Revision


class Graph:
    """Revisions by id, and what follows from their parents.

    Of revisions that share an id the last one counts, as for Alembic.
    """

    def __init__(self, revisions: "Sequence[Revision]", unread: "Iterable[str]" = ()) -> None:
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
    def duplicates(self) -> dict[str, list["Revision"]]:
        """Revisions that share an id, by that id."""
        if len(self.by_id) == len(self.revisions):
            return {}
        sharing: dict[str, list[Revision]] = {}
        for revision in self.revisions:
            sharing.setdefault(revision.id, []).append(revision)
        return {key: found for key, found in sharing.items() if len(found) > 1}

    @cached_property
    def missing(self) -> list[tuple["Revision", str]]:
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
    def order(self) -> tuple[str, ...]:
        """Ids, parents before children; those in or behind a cycle are left out."""
        waiting = {
            each.id: sum(parent in self.by_id for parent in each.parents)
            for each in self.by_id.values()
        }
        ready = [key for key, count in waiting.items() if count == 0]
        ready.sort(reverse=True)
        ordered = []
        while ready:
            key = ready.pop()
            ordered.append(key)
            for child in self.children.get(key, ()):
                waiting[child] -= 1
                if waiting[child] == 0:
                    ready.append(child)
        return tuple(ordered)

    @cached_property
    def cycles(self) -> list[tuple[str, ...]]:
        """The ids of each cycle, each following its parent, the least id first."""
        left = self.by_id.keys() - set(self.order)
        cycles = []
        seen: set[str] = set()
        for start in sorted(left):
            path: dict[str, None] = {}
            key: str | None = start
            while key is not None and key not in seen and key not in path:
                path[key] = None
                key = next((each for each in self.by_id[key].parents if each in left), None)
            if key is not None and key in path:
                ids = list(path)
                around = ids[ids.index(key) :][::-1]  # we walked from child to parent
                least = around.index(min(around))
                cycles.append(tuple(around[least:] + around[:least]))
            seen.update(path)
        return cycles

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

    def common_ancestor(self, ids: "Sequence[str]") -> str | None:
        """Return the last revision that all of the ids descend from: where they part."""
        shared = set.intersection(*(self.ancestors(key) for key in ids))
        return next((key for key in reversed(self.order) if key in shared), None)

    def broken(self, key: str) -> bool:
        """Whether something that an id descends from is missing or unread."""
        return not self.ancestors(key) <= self.by_id.keys()
