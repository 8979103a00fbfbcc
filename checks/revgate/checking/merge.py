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
    from collections.abc import Iterator, Sequence

    from revgate.checking.selection import Choice
    from revgate.checking.suppressions import Outcome
    from revgate.environments import Environment
    from revgate.findings import Finding
    from revgate.history.merge import Sides
    from revgate.result import Result
    from revgate.rules import Rule
    from revgate.settings import Settings


HEADS, FORK = "multiple-heads", "branching-merge"


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


def judge_merge(sides: Sides, reads: Reads, rules: Sequence[Rule]) -> Outcome:
    """Run the chain rules on the merged history, the others on ours, and those on the merge."""
    name = reads.ours.history.environment.name
    for each in reads:
        each.history.told = history_checks.errors_of(rules)
    chain = [rule for rule in rules if rule.group is CHAIN]
    others = [rule for rule in rules if rule.group is not CHAIN]
    found = list(history_checks.findings_of(reads.ours, others))
    # A parent that only the target branch has is there after the merge, which is what counts.
    found += history_checks.findings_of(
        reads.merged, [each for each in chain if each.name != HEADS]
    )
    merge = Merge(sides, *(each.history for each in reads[:3]))
    found += _heads(reads, merge, rules)
    found += [
        finding for rule in rules if rule.group is PUBLISHED for finding in ask(rule, [merge], name)
    ]
    return settle(reads.merged.history.revisions, found, rules, name)


def _heads(reads: Reads, merge: Merge, rules: Sequence[Rule]) -> Iterator[Finding]:
    """Yield what `multiple-heads` finds: the branch's own fork; `branching-merge` has the others.

    Each of the two speaks for the other where that one is not reported.
    """
    if not reads.merged.history.rival_heads:
        return
    reported = {each.name for each in rules if each.reported}
    if HEADS in reported or FORK not in reported:
        merge.told_heads = reads.ours.history.rival_heads
    read = reads.merged if HEADS in reported and FORK not in reported else reads.ours
    yield from history_checks.findings_of(read, [each for each in rules if each.name == HEADS])
