"""All revisions of one environment together: what rules judge.

Knows the graph, the settings that apply, and which revisions are exempt; not where files lie.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from revgate.history.graph import Graph

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        """Where the files came from; None for a history that was made, as in tests."""
        self.published: frozenset[str] = frozenset()
        """Ids that a base has already: they were judged when they were new."""
        self.own: dict[str, bool] = {}
        """Top-level modules that revisions import, and whether they are the project's."""
        self.graph = Graph(revisions, (each.id for each in unreadable if each.id is not None))

    @cached_property
    def exempt(self) -> set[str]:
        """Ids up to the baseline, and published ones: naming and downgrade rules pass them over."""
        baseline = self.scope.baseline
        if baseline is None or baseline not in self.graph.by_id:
            return {*self.published}
        return self.graph.ancestors(baseline) | self.published

    @cached_property
    def rival_heads(self) -> list[list[Revision]]:
        """The heads that stand side by side without leave: each list should be one head.

        What hangs from a missing parent is left out: where it belongs shows when that is mended,
        and `missing-parent` says so already.
        """
        graph = self.graph
        if len(graph.heads) < 2:
            return []
        groups: dict[str | None, list[Revision]] = {}
        for head in graph.heads:
            if head in graph.adrift:
                continue
            labels = graph.labels_above(head) if self.scope.branches else set()
            of = next((label for label in self.scope.branches if label in labels), None)
            groups.setdefault(of, []).append(graph.by_id[head])
        return [heads for heads in groups.values() if len(heads) > 1]

    def is_own(self, module: str) -> bool:
        """Whether a module that a revision imports is the project's, by where it lies.

        What lies below the script location is kept for revisions, and not counted.
        """
        name = module.partition(".")[0]
        if self.source is None or not name:
            return False
        if name not in self.own:
            self.own[name] = is_own(self.source, self.environment, name)
        below = self.environment.script_location.replace("/", ".")
        return self.own[name] and not f"{module}.".startswith(f"{below}.")


def is_own(source: Source, environment: Environment, name: str) -> bool:
    """Whether a top-level module lies where a project's own modules are mostly imported from."""
    beside = environment.config.rpartition("/")[0]
    within = f"{beside}/" if beside else ""
    return any(
        source.has_folder(f"{root}{name}") or source.has_file(f"{root}{name}.py")
        for root in dict.fromkeys(("", "src/", within, f"{within}src/"))
    )
