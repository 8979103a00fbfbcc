"""What the baseline covers of a round trip: defects that were there when it was set."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from revgate.errors import CannotJudgeError
from revgate.findings import ERROR, WARNING, Finding
from revgate.git import git
from revgate.settings import FILES
from revgate.text import count

if TYPE_CHECKING:
    from collections.abc import Iterable

    from revgate.history.history import History
    from revgate.rules import Rule

_NEVER = frozenset(("upgrade-fails", "table-count", "squash-differs", "stale-schema-file"))
_OF_MODELS = frozenset(("missing-table", "model-drift", "unmapped-table"))
_MISSING = "missing-table"
_MANY = 5


def leave_out_covered(
    history: History, findings: Iterable[Finding], rules: Iterable[Rule], root: str
) -> tuple[list[Finding], str]:
    """Leave out findings about revisions up to the baseline; old drift of models is a warning.

    A history that does not run and a wrong table count are always reported.

    Args:
        history: What the findings are about.
        findings: Those of live rules, and of rules on comments.
        rules: The rules that found them.
        root: The repository root.

    Returns:
        The findings to report, and a note: on the others, or on a baseline that would help. It is
        empty if there is nothing to say.
    """
    baseline = history.scope.baseline
    found = list(findings)
    live = frozenset(each.name for each in rules if each.is_live) - _NEVER
    if baseline is None or baseline not in history.graph.by_id:
        return found, _advice(history, found, live)
    covered = history.graph.ancestors(baseline)
    models = _Models(history, baseline, root)
    kept = []
    for each in found:
        if each.rule in _OF_MODELS:
            kept.append(each._replace(severity=WARNING) if models.had(each, covered) else each)
        elif each.rule not in live or each.revision not in covered:
            kept.append(each)
    left_out = len(found) - len(kept)
    if not left_out:
        return kept, ""
    return kept, (
        f"not shown: {count(left_out, 'finding')} about revisions up to the baseline `{baseline}`"
    )


def _advice(history: History, findings: Iterable[Finding], live: frozenset[str]) -> str:
    """Return how to accept an old history, if many of its revisions have errors."""
    faulty = {each.revision for each in findings if each.rule in live and each.severity is ERROR}
    if len(faulty) < _MANY or len(history.graph.heads) != 1:
        return ""
    return (
        f"{len(faulty)} revisions have errors: to judge only new ones, use `--against REF`, or set"
        f' `baseline = "{history.graph.heads[0]}"`, as `revgate init` does'
    )


class _Models:
    """The models as they were when the baseline was set."""

    def __init__(self, history: History, baseline: str, root: str) -> None:
        self._revisions = {each.path for each in history.revisions}
        self._baseline = baseline
        self._root = root
        self._lines: dict[str, set[bytes]] = {}

    def had(self, finding: Finding, covered: set[str]) -> bool:
        """Tell whether a difference is older than the baseline, as far as git knows.

        No later revision has touched the table, and each line of the models that the finding names
        was there already.
        """
        places = [(finding.path, finding.line), *((at.path, at.line) for at in finding.related)]
        modeled = [each for each in places if each[0] not in self._revisions]
        if finding.revision not in covered and not (finding.rule == _MISSING and modeled):
            return False
        return self._commit is None or all(self._was_there(*each) for each in modeled)

    @cached_property
    def _commit(self) -> str | None:
        """The commit that set the baseline; None if it is not committed yet."""
        words = ("log", "-1", "--format=%H", f"-S{self._baseline}", "--", *FILES)
        try:
            return git(self._root, *words).decode().strip() or None
        except CannotJudgeError:
            return None

    def _was_there(self, path: str, line: int) -> bool:
        try:
            with open(os.path.join(self._root, path), "rb") as file:
                text = file.read().splitlines()[line - 1].strip()
        except (OSError, IndexError):
            return False
        return text in self._lines_of(path)

    def _lines_of(self, path: str) -> set[bytes]:
        if path not in self._lines:
            try:
                text = git(self._root, "show", f"{self._commit}:./{path}")
            except CannotJudgeError:
                text = b""
            self._lines[path] = {each.strip() for each in text.splitlines()}
        return self._lines[path]
