"""Adapts the help of findings to what the branch's base has, where no base was named.

The base is looked up only for a finding whose help depends on it.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from revgate.checking.file_rules import judge_file
from revgate.checking.suppressions import is_on_downgrade
from revgate.errors import RevgateError
from revgate.history.read import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from revgate.findings import Finding
    from revgate.history.history import History

_PARENT, _LIVE = "missing-parent", "downgrade-"


class _Base(NamedTuple):
    name: str
    ids: frozenset[str]


def advise(
    history: History, findings: Iterable[Finding], replacing: str | None = None
) -> list[Finding]:
    """Return findings, with help that the rules on published revisions do not contradict.

    Args:
        history: What they are about.
        findings: The findings.
        replacing: The id of a squash, which is written even if a published revision has its id.
    """
    found = list(findings)
    if not any(each.rule == _PARENT or is_on_downgrade(each.rule) for each in found):
        return found
    base = _base_of(history)
    if base is None:
        return found
    return [*_adapted(history, found, base._replace(ids=base.ids - {replacing}))]


def _adapted(history: History, findings: Iterable[Finding], base: _Base) -> Iterator[Finding]:
    absent = {(each.id, parent) for each, parent in history.graph.missing if parent in base.ids}
    ids = {revision for revision, _ in absent}
    for finding in findings:
        if finding.rule == _PARENT and finding.revision in ids:
            yield finding._replace(help=_merge_first(history, finding, base))
        elif is_on_downgrade(finding.rule) and finding.revision in base.ids:
            yield finding._replace(help=_leave(finding, base))
        else:
            yield finding


def _merge_first(history: History, finding: Finding, base: _Base) -> str:
    from revgate.target_branch import git_merge_command

    root = history.source.root if history.source else ""
    folder = posixpath.dirname(finding.path)
    return f"`{base.name}` has it: run `{git_merge_command(root, base.name, [folder])}`"


def _leave(finding: Finding, base: _Base) -> str:
    is_live = finding.rule.startswith(_LIVE)
    place = "its `def downgrade()`" if is_live else f"line {finding.line}"
    return (
        f"`{base.name}` has `{finding.revision}`, so do not edit it: write"
        f" `# revgate: allow[{finding.rule}] published like this` above {place}"
    )


def _base_of(history: History) -> _Base | None:
    """Return the base as this clone has it; None if there is none, or it cannot be read."""
    from revgate.history.tree import GitTree
    from revgate.target_branch import branch_base

    if history.source is None:
        return None
    try:
        name, _ = branch_base(history.source.root)
        tree = GitTree.at(history.source.root, name)
        found = read(tree, history.environment, judge_file, whole=False)
    except RevgateError:
        return None
    return _Base(name, frozenset(found.history.graph.by_id))
