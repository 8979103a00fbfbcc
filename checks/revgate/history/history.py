"""All revisions of one environment, as the subject of rules."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from revgate.history.graph import Graph

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.environments import Environment
    from revgate.history.revision import Revision, Unreadable
    from revgate.source import Source


class History:
    """The history of one environment."""

    def __init__(
        self,
        environment: Environment,
        revisions: Sequence[Revision],
        unreadable: Sequence[Unreadable] = (),
        source: Source | None = None,
    ) -> None:
        self.environment = environment
        self.scope = environment.scope
        self.revisions = revisions
        """In the order of their paths."""
        self.unreadable = unreadable
        self.source = source
        """Where the files were read; None for a history built in memory."""
        self.published: frozenset[str] = frozenset()
        """Ids that exist in the base: they were checked when they were new."""
        self.forked: frozenset[str] = frozenset()
        """The heads of a base that has several: a merge revision may join them."""
        self.published_paths: frozenset[str] = frozenset()
        """Their files, as the base has them."""
        self.told: frozenset[str] = frozenset(
            {"duplicate-revision", "missing-parent", "unreadable-revision"}
        )
        """Rules whose findings make the run fail: other rules need not repeat what these report."""
        self.lasting = True
        """False if a verdict was based on other files than the revisions."""
        self.notes: list[str] = []
        """What a rule could not check, and says so."""
        self.own: dict[str, bool] = {}
        """Whether each module that revisions import belongs to the project."""
        self.graph = Graph(revisions, (each.id for each in unreadable if each.id is not None))

    def merge_command(self, *heads: str) -> str:
        """Return Alembic's command to join heads, with a file name that the settings accept.

        Args:
            heads: Their ids; all heads if none are given.
        """
        import shlex

        stamp = (
            '--rev-id "$(date -u +%Y%m%d%H%M%S)" ' if self.scope.file_name == "timestamp" else ""
        )
        return f'alembic merge {stamp}-m "merge heads" {shlex.join(heads or ("heads",))}'

    @property
    def main_head(self) -> str:
        """The head that most of the history leads to; there must be one."""
        graph = self.graph
        return max(graph.heads, key=lambda head: (len(graph.ancestors(head)), head))

    @cached_property
    def exempt(self) -> set[str]:
        """Ids up to the baseline, and published ones: naming and downgrade rules skip them."""
        baseline = self.scope.baseline
        if baseline is None or baseline not in self.graph.by_id:
            return {*self.published}
        return self.graph.ancestors(baseline) | self.published

    @property
    def rival_heads(self) -> list[list[Revision]]:
        """Groups of heads of which the settings allow only one.

        A single head above a missing parent is left out: its place is unknown until that parent
        exists, and `missing-parent` reports it. Two heads above the same one are a fork.
        """
        if len(self.graph.heads) < 2:
            return []
        lost = {head: self._lost_above(head) for head in self.graph.heads}
        parents = sorted({each for above in lost.values() for each in above})
        groups = [
            [head for head in self.graph.heads if not lost[head]],
            *([head for head in self.graph.heads if parent in lost[head]] for parent in parents),
        ]
        rivals = [each for heads in groups for each in self._rivals(heads)]
        unique = dict.fromkeys(tuple(heads) for heads in rivals)
        return [[self.graph.by_id[head] for head in heads] for heads in unique]

    def _lost_above(self, head: str) -> set[str]:
        """Return the missing ancestors of a head that another rule reports."""
        graph = self.graph
        if head not in graph.adrift:
            return set()
        return {
            parent
            for parent in graph.ancestors(head) - graph.by_id.keys()
            if ("unreadable-revision" if parent in graph.unread else "missing-parent") in self.told
        }

    def _rivals(self, heads: list[str]) -> Iterator[list[str]]:
        """Yield groups of heads that must not coexist; there may be one head per label."""
        if not self.scope.branches:
            yield from [heads] if len(heads) > 1 else []
            return
        labels = {head: self.labels_of(head) for head in heads}
        for label in self.scope.branches:
            sharing = [head for head in heads if label in labels[head]]
            yield from [sharing] if len(sharing) > 1 else []
        unlabelled = [head for head in heads if not labels[head]]
        above = {head: self.graph.ancestors(head) for head in heads}
        forked = [
            head
            for head in heads
            if labels[head] and any(above[head] & above[each] for each in unlabelled)
        ]
        if len(unlabelled) + bool(forked) > 1:
            yield forked + unlabelled

    def labels_of(self, head: str) -> set[str]:
        """Return the configured labels of a head: the nearest ones, at the head or below."""
        found: set[str] = set()
        seen: set[str] = set()
        waiting = [head]
        while waiting:
            key = waiting.pop()
            revision = self.graph.by_id.get(key)
            if revision is None or key in seen:
                continue
            seen.add(key)
            stated = {*revision.labels} & {*self.scope.branches}
            found |= stated
            waiting += () if stated else revision.parents
        return found

    def is_own(self, module: str) -> bool:
        """Whether an imported module belongs to the project, judging by its location.

        Modules below the script location exist for the revisions, and do not count.
        """
        name = module.partition(".")[0]
        if self.source is None or not name:
            return False
        if module not in self.own:
            self.own[module] = is_own(self.source, self.environment, module)
        below = self.environment.script_location.replace("/", ".")
        return self.own[module] and not f"{module}.".startswith(f"{below}.")


def is_own(source: Source, environment: Environment, module: str) -> bool:
    """Whether a module is in one of the usual places for modules of a project."""
    path = module.replace(".", "/")
    return any(_has_module(source, root, path) for root in environment.module_folders)


def _has_module(source: Source, root: str, path: str) -> bool:
    """Whether a folder holds a module, or the package that it is in.

    A folder without `__init__.py` is a package only if there is Python code in it.
    """
    top = f"{root}{path.partition('/')[0]}"
    if source.has_file(f"{top}.py"):
        return True
    if not source.has_folder(top):
        return False
    if source.has_file(f"{top}/__init__.py"):
        return True
    if source.has_file(f"{root}{path}.py"):
        return True
    folder = f"{root}{path}"
    if not source.has_folder(folder):
        return False
    return any(
        file.endswith("/__init__.py") or (file.endswith(".py") and file.count("/") == at)
        for at in (folder.count("/") + 1,)
        for file in source.files(folder, recursive=True)
    )
