"""Runs the static rules on a branch and on the result of merging it into the target branch."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from revgate import environments
from revgate.checking import history as history_checks
from revgate.checking.file_rules import judge_file
from revgate.checking.suppressions import settle
from revgate.history.merge import Merge, open_sides
from revgate.history.read import Read, read, reread
from revgate.rules import CHAIN, PUBLISHED, ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.checking.selection import Choice
    from revgate.environments import Environment
    from revgate.findings import Finding
    from revgate.history.merge import Sides
    from revgate.result import Allowed, Result
    from revgate.rules import Rule
    from revgate.settings import Settings


HEADS = "multiple-heads"


class Reads(NamedTuple):
    """One environment as each side has it."""

    ours: Read
    base: Read
    merged: Read


def check(
    root: str,
    settings: Settings,
    choice: Choice,
    *,
    ours: str | None,
    against: str,
    environment: str | None = None,
    cached: bool = True,
) -> tuple[Result, list[Reads]]:
    """Check a commit, and the result of merging it into the target branch.

    Args:
        root: The repository root.
        settings: Those of the repository.
        choice: The rules to run; those on naming, downgrades and content run only on revisions
            that the target branch lacks.
        ours: A commit; None for the index.
        against: The target branch.
        environment: The name of the only environment to check; None for all.
        cached: Whether cached facts may be used, and written.

    Returns:
        The result, and each environment as every side has it.

    Raises:
        CannotJudgeError: The target branch, or the common ancestor, is not in this clone; or
            there is nothing to check.
        UsageError: The commit `ours` or something in the settings does not exist.
    """
    sides = open_sides(root, ours, against)
    found = environments.find(sides.ours, settings, environment)
    rules = choice.stage(published=True)
    reads = [_read(sides, each, cached=cached) for each in found]
    history_checks.check_baselines(settings, [each.ours.history for each in reads])
    verdicts = (judge_merge(sides, each, rules) for each in reads)
    return history_checks.sum_up([each.ours for each in reads], verdicts), reads


def _read(sides: Sides, environment: Environment, *, cached: bool) -> Reads:
    """Read the top of each file, and the whole only of those that differ between the sides.

    Published revisions were fully checked when they were new.
    """
    folders = environment.version_locations
    in_base = sides.changed(sides.ours, sides.base, folders)
    in_merged = sides.changed(sides.ours, sides.merged, folders)
    ours = read(sides.ours, environment, judge_file, whole=False, cached=cached)
    ours = reread(ours, sides.ours, in_base, judge_file, cached=cached) if in_base else ours
    base = reread(ours, sides.base, in_base, judge_file, cached=cached)
    merged = reread(ours, sides.merged, in_merged, judge_file, cached=cached) if in_merged else ours
    published = frozenset(base.history.graph.by_id)
    for each in (ours, merged):
        each.history.published = published
    return Reads(ours, base, merged)


def judge_merge(
    sides: Sides, reads: Reads, rules: Sequence[Rule]
) -> tuple[list[Finding], list[Allowed]]:
    """Run the chain rules on the merged history, the others on ours, and those on the merge."""
    name = reads.ours.history.environment.name
    chain = [rule for rule in rules if rule.group is CHAIN]
    own = list(
        history_checks.findings_of(reads.ours, [rule for rule in rules if rule not in chain])
    )
    # A parent that only the target branch has exists after the merge, which is what counts.
    own += history_checks.findings_of(reads.merged, [each for each in chain if each.name != HEADS])
    if reads.merged.history.rival_heads:
        # Heads that result only from merging are reported by `branching-merge`.
        own += history_checks.findings_of(
            reads.ours, [each for each in chain if each.name == HEADS]
        )
    merge = Merge(sides, *(each.history for each in reads[:3]))
    own += [
        finding for rule in rules if rule.group is PUBLISHED for finding in ask(rule, [merge], name)
    ]
    return settle(reads.merged.history.revisions, own, rules, name)
