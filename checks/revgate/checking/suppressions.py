"""Applies inline `allow` comments to findings, and checks the comments themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from revgate.result import Allowed
from revgate.rules import CHAIN, DOWNGRADE, PUBLISHED, Finding, Rule, Settled, all_rules, ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.history.revision import Allow, Revision


class Outcome(NamedTuple):
    """What becomes of the findings of one environment."""

    kept: list[Finding]
    """Those that are reported."""
    allowed: list[Allowed]
    ignored: int
    """The number of those that the run does not report: ignored, or not selected."""


def settle(
    revisions: Sequence[Revision],
    findings: list[Finding],
    rules: Sequence[Rule],
    name: str,
    exempt: frozenset[str] = frozenset(),
) -> Outcome:
    """Suppress what inline comments allow, check those comments, and count what is ignored.

    Args:
        revisions: All revisions of one environment.
        findings: The findings of one stage, static or live.
        rules: The rules of that stage, including housekeeping.
        name: The name of the environment.
        exempt: Ids of revisions in which no comment can be seen to be superfluous.
    """
    left, allowed = _without_allowed(revisions, findings, rules, name, exempt)
    reported = {rule.name for rule in rules if rule.reported}
    kept = [finding for finding in left if finding.rule in reported]
    return Outcome(kept, allowed, len({*left}) - len({*kept}))


def _without_allowed(
    revisions: Sequence[Revision],
    findings: list[Finding],
    rules: Sequence[Rule],
    name: str,
    exempt: frozenset[str],
) -> tuple[list[Finding], list[Allowed]]:
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
        exempt,
    )
    kept = [finding for finding, allows in zip(findings, suppressors, strict=True) if not allows]
    allowed = [
        Allowed(finding, allows[0].reason)
        for finding, allows in zip(findings, suppressors, strict=True)
        if allows
    ]
    for rule in rules:
        if rule.judges == "settled":
            kept += ask(rule, [settled], name)
    return kept, allowed


def _suppressors(revisions: Sequence[Revision], finding: Finding) -> Sequence[Allow]:
    """Return the comments that suppress a finding.

    No explanation makes a fork deployable, and what is published is for the target branch to
    allow.
    """
    if all_rules()[finding.rule].group in (CHAIN, PUBLISHED):
        return ()
    return [
        allow
        for revision in revisions
        if revision.path == finding.path
        for allow in revision.allows
        if finding.rule in allow.rules and _covers(allow, finding)
    ]


def _covers(allow: Allow, finding: Finding) -> bool:
    """Whether a comment is where a finding is; in a downgrade, anywhere for the rules on those."""
    first, last = allow.position[0], allow.last
    if allow.function != (0, 0) and is_on_downgrade(finding.rule):
        first, last = min(first, allow.function[0]), max(last, allow.function[1])
    return first <= finding.line <= last


def is_on_downgrade(name: str) -> bool:
    """Whether a rule, static or live, asks for another `downgrade()`."""
    return all_rules()[name].group is DOWNGRADE or name.startswith("downgrade-")
