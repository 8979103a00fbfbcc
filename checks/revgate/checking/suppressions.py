"""Applies inline `allow` comments to findings, and checks the comments themselves."""

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
    """Suppress what inline comments allow, and check those comments.

    Args:
        revisions: All revisions of one environment.
        findings: The findings of one stage, static or live.
        rules: The rules of that stage, including housekeeping.
        name: The name of the environment.

    Returns:
        The remaining findings, including those about the comments; and the suppressed ones.
    """
    commented = [revision for revision in revisions if revision.allows]
    if not commented:
        return findings, []
    suppressors = [list(_suppressors(commented, finding)) for finding in findings]
    settled = Settled(
        commented,
        frozenset(rule.name for rule in rules),
        frozenset(
            (finding.path, allow.position[0], finding.rule)
            for finding, allows in zip(findings, suppressors, strict=True)
            for allow in allows
        ),
    )
    kept = [finding for finding, allows in zip(findings, suppressors, strict=True) if not allows]
    allowed = [
        Allowed(finding, allows[0].reason)
        for finding, allows in zip(findings, suppressors, strict=True)
        if allows
    ]
    for rule in rules:
        if rule.group is HOUSEKEEPING:
            kept += ask(rule, [settled], name)
    return kept, allowed


def _suppressors(revisions: Sequence[Revision], finding: Finding) -> Sequence[Allow]:
    """Return the comments that suppress a finding.

    Chain rules cannot be suppressed: no explanation makes a fork deployable.
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
