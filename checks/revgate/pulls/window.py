"""Judges a pull request against the end of a linear history, as far back as it reaches.

In a linear history without errors, a revision added near the end cannot break anything earlier.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from revgate.checking import merge as merge_checks
from revgate.checking.counterparts import Pair
from revgate.history.history import History
from revgate.history.merge import Sides
from revgate.history.read import Read
from revgate.history.tree import GitTree
from revgate.pulls.changes import added_since

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.checking.selection import Choice
    from revgate.findings import Finding
    from revgate.history.revision import Revision
    from revgate.pulls.changes import Changes


class Window:
    """One environment of the base."""

    def __init__(self, root: str, commit: str, choice: Choice, whole: Read) -> None:
        self.root = root
        self.commit = commit
        self.choice = choice
        self.base = whole.history
        self._later: dict[str, set[str] | None] = {}

    @property
    def is_usable(self) -> bool:
        """Whether the base is linear, and nothing in it refers to revisions far back."""
        history = self.base
        named = any(each.labels or each.depends_on or each.computed for each in history.revisions)
        return (
            history.graph.is_straight
            and not history.unreadable
            and not history.scope.branches
            and not named
            and len(history.graph.by_id) == len(history.revisions)
        )

    @cached_property
    def _at(self) -> dict[str, int]:
        return {key: number for number, key in enumerate(self.base.graph.order)}

    @cached_property
    def _paths(self) -> set[str]:
        return {each.path for each in self.base.revisions}

    def judge(self, new: Read, changes: Changes) -> tuple[Finding, ...] | None:
        """Judge added revisions; None if the whole history is needed."""
        added = new.history.revisions
        if not self._fits(new) or {each for one in added for each in _imports(one)} & changes.names:
            return None
        later = self._since(changes.fork or "")
        if later is None:
            return None
        begin = min(
            *(self._at[parent] for each in added for parent in each.parents if parent in self._at),
            *(self._at[key] - 1 for key in self._ids(later)),
            len(self._at) - 1,
        )
        return self._ask(new, max(begin, 0), later, changes.head)

    def _fits(self, new: Read) -> bool:
        """Whether each added revision is new and has one existing parent."""
        ids = [each.id for each in new.history.revisions]
        there = self._at.keys() | {*ids}
        return (
            not new.history.unreadable
            and len({*ids}) == len(ids)
            and not self._at.keys() & {*ids}
            and not self._paths & {each.path for each in new.history.revisions}
            and all(
                len(each.parents) == 1
                and each.parents[0] in there
                and not (each.labels or each.depends_on or each.computed)
                for each in new.history.revisions
            )
        )

    def _since(self, fork: str) -> set[str] | None:
        if fork not in self._later:
            folders = self.base.environment.version_locations
            self._later[fork] = added_since(self.root, fork, self.commit, folders)
        return self._later[fork]

    def _ids(self, paths: set[str]) -> list[str]:
        return [each.id for each in self.base.revisions if each.path in paths] if paths else []

    def _ask(self, new: Read, begin: int, later: set[str], head: str) -> tuple[Finding, ...]:
        """Run the rules on three short histories instead of the whole ones."""
        end = [self.base.graph.by_id[key] for key in self.base.graph.order[begin:]]
        # Revisions of the base were judged with it: here they only serve as parents.
        end = [each._replace(allows=(), imports=()) for each in end]
        end[0] = end[0]._replace(parents=(), depends_on=())
        then = [each for each in end if each.path not in later]
        added = [*new.history.revisions]
        pair = Pair(self._read(end, None), self._read([*end, *added], new))
        tip = GitTree(self.root, self.commit)
        sides = Sides(GitTree(self.root, head), tip, tip)
        rules = self.choice.stage(published=True)
        branch = self._read([*then, *added], new)
        return tuple(merge_checks.judge_pair(sides, pair, rules, lambda _: branch).kept)

    def _read(self, revisions: Sequence[Revision], new: Read | None) -> Read:
        history = History(
            self.base.environment,
            sorted(revisions, key=lambda each: each.path),
            source=self.base.source,
        )
        history.own = self.base.own
        history.published = frozenset(self._at)
        return Read(history, new.findings if new else (), len(revisions))


def _imports(revision: Revision) -> set[str]:
    return {each.module.partition(".")[0] for each in revision.imports}
