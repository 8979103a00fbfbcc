"""Inline allows at work: which findings they take back, and which of them do nothing.

Knows findings and comments; not where either comes from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.result import Allowed
from revgate.rules import CHAIN, HOUSEKEEPING, Finding, Rule, Settled, all_rules, ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.history.revision import Allow, Revision


def settle(
    revisions: Sequence[Revision], findings: list[Finding], rules: Sequence[Rule], name: str
) -> tuple[list[Finding], list[Allowed]]:
    """Take back what inline comments allow, and judge those comments.

    Args:
        revisions: All of one environment.
        findings: What one stage, static or live, found there.
        rules: The rules of that stage, and the housekeeping rules that are to be asked.
        name: The environment's.

    Returns:
        The findings that stay, those about the comments among them; and those that went.
    """
    commented = [revision for revision in revisions if revision.allows]
    if not commented:
        return findings, []
    takers = [list(_takers(commented, finding)) for finding in findings]
    settled = Settled(
        commented,
        frozenset(rule.name for rule in rules),
        frozenset(
            (finding.path, allow.position[0], finding.rule)
            for finding, allows in zip(findings, takers, strict=True)
            for allow in allows
        ),
    )
    kept = [finding for finding, allows in zip(findings, takers, strict=True) if not allows]
    allowed = [
        Allowed(finding, allows[0].reason)
        for finding, allows in zip(findings, takers, strict=True)
        if allows
    ]
    for rule in rules:
        if rule.group is HOUSEKEEPING:
            kept += ask(rule, [settled], name)
    return kept, allowed


def _takers(revisions: Sequence[Revision], finding: Finding) -> Sequence[Allow]:
    """Return the comments that allow a finding.

    Chain rules cannot be allowed: a fork is a fork, however well it is explained.
    """
    if all_rules()[finding.rule].group is CHAIN:
        return ()
    return [
        allow
        for revision in revisions
        if revision.path == finding.path
        for allow in revision.allows
        if finding.rule in allow.rules and allow.position[0] <= finding.line <= allow.last
    ]
