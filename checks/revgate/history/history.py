"""All revisions of one environment together: what rules judge.

Knows the graph, the settings that apply, and which revisions are exempt; not where files lie.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from revgate.history.graph import Graph

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.environments import Environment
    from revgate.history.revision import Revision, Unreadable
    from revgate.history.source import Source


class History:
    """The history of one environment."""

    def __init__(
        self,
        environment: "Environment",
        revisions: "Sequence[Revision]",
        unreadable: "Sequence[Unreadable]" = (),
        source: "Source | None" = None,
    ) -> None:
        self.environment = environment
        self.scope = environment.scope
        self.revisions = revisions
        """In the order of their paths."""
        self.unreadable = unreadable
        self.source = source
        """Where the files came from; None for a history that was made, as in tests."""
        self.graph = Graph(revisions, (each.id for each in unreadable if each.id is not None))

    @cached_property
    def exempt(self) -> set[str]:
        """Ids up to the baseline: naming and downgrade rules are not asked of these."""
        baseline = self.scope.baseline
        if baseline is None or baseline not in self.graph.by_id:
            return set()
        return self.graph.ancestors(baseline)

    @cached_property
    def judged(self) -> "Sequence[Revision]":
        """The revisions of which naming and downgrade rules are asked."""
        if not self.exempt:
            return self.revisions
        return [revision for revision in self.revisions if revision.id not in self.exempt]
