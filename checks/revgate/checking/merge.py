"""Runs the static rules on the result of merging a change into the target branch."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from revgate.checking import history as history_checks
from revgate.checking.agreement import NOTHING, agreement_of, take_out_agreed
from revgate.checking.counterparts import nothing, read_branch, read_pairs
from revgate.checking.habits import gather
from revgate.checking.released import released
from revgate.checking.ruling import relaxed_by, rule_on
from revgate.checking.suppressions import Outcome, settle
from revgate.history.merge import Merge, open_sides
from revgate.rules import PUBLISHED, ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from revgate.checking.agreement import Agreement
    from revgate.checking.counterparts import Pair
    from revgate.checking.ruling import Ruling
    from revgate.checking.selection import Choice, Request
    from revgate.findings import Finding
    from revgate.history.merge import Sides
    from revgate.history.read import Read
    from revgate.history.tree import GitTree
    from revgate.result import Result
    from revgate.rules import Rule


HEADS, FORK = "multiple-heads", "branching-merge"


class Checked(NamedTuple):
    """What was found, and what it was judged by."""

    result: Result
    ruling: Ruling
    choice: Choice
    pairs: list[Pair]
    sides: Sides


def check(
    root: str, request: Request, *, ours: str | GitTree | None, against: str, cached: bool = True
) -> Checked:
    """Check what merging a commit into the target branch would do, by that branch's settings.

    Args:
        root: The repository root.
        request: The rules to run; those on naming, downgrades and content run only on revisions
            that the target branch lacks.
        ours: A commit, by name or opened; None for the index.
        against: The target branch.
        cached: Whether cached facts may be used, and written.

    Raises:
        CannotJudgeError: The target branch, or the common ancestor, is not in this clone; or
            there is nothing to check.
        UsageError: The commit `ours` or something in the settings does not exist.
    """
    sides = open_sides(root, ours, against)
    ruling = rule_on(sides, root, request.config)
    choice = request.choose(ruling.settings)
    rules = choice.stage(published=True)
    pairs, empty = read_pairs(sides, ruling, request.environment, cached=cached)
    _need_baselines(ruling, pairs)
    _may_join(ruling, pairs)
    agreement = agreement_of(ruling, request.allowed)

    def branch(merged: Read) -> Read | None:
        return read_branch(sides, ruling, merged, cached=cached)

    verdicts = [judge_pair(sides, pair, rules, branch, agreement) for pair in pairs]
    verdicts.append(_relaxed(sides, ruling, pairs, rules))
    result = history_checks.sum_up([_after(sides, pair) for pair in pairs], verdicts)
    told = [*empty, *([ruling.note] if ruling.note else [])]
    result = result._replace(notes=(*result.notes, *told))
    return Checked(result, ruling, choice, pairs, sides)


def _may_join(ruling: Ruling, pairs: Sequence[Pair]) -> None:
    """Let a change join the heads of a base that is forked, if it sets `linear = false` for it.

    The base's own `linear` does not hold there, and joining is safe for every database.
    """
    scopes = (ruling.after.scope, *(each.scope for each in ruling.after.environments))
    if all(each.linear for each in scopes):
        return
    for pair in pairs:
        if pair.merged and pair.base and pair.base.history.rival_heads:
            pair.merged.history.forked = frozenset(pair.base.history.graph.heads)


def _after(sides: Sides, pair: Pair) -> Read:
    """Return an environment after the merge, without any revision if the merge takes it away."""
    return pair.merged or nothing(pair.environment, sides.merged)


def _relaxed(sides: Sides, ruling: Ruling, pairs: Sequence[Pair], rules: Sequence[Rule]) -> Outcome:
    """Run the rule on what the change does to the settings."""
    graphs = [each.history.graph for pair in pairs for each in (pair.base, pair.merged) if each]
    left_out = [pair.environment.name for pair in pairs if pair.merged and pair.unnamed]
    change = relaxed_by(ruling, sides, graphs, left_out)
    subjects = [] if change is None else [change]
    asked = [rule for rule in rules if rule.judges == "change"]
    name = pairs[0].environment.name
    found = [finding for rule in asked for finding in ask(rule, subjects, name)]
    return settle((), found, asked, name)


def _need_baselines(ruling: Ruling, pairs: Sequence[Pair]) -> None:
    """See that every baseline is a revision, before the merge and after it."""
    before = [pair.base.history for pair in pairs if pair.base is not None]
    after = [pair.merged.history for pair in pairs if pair.merged is not None]
    history_checks.check_baselines(ruling.settings, before + after)
    history_checks.check_baselines(ruling.after, after)


def judge_pair(
    sides: Sides,
    pair: Pair,
    rules: Sequence[Rule],
    branch: Callable[[Read], Read | None],
    agreement: Agreement = NOTHING,
) -> Outcome:
    """Run all rules on one environment, as it would be after the merge.

    Args:
        sides: The trees.
        pair: The environment before and after.
        rules: The rules, those that are only counted among them.
        branch: Returns the environment as the branch has it by itself.
        agreement: The published revisions that may change.
    """
    after = _after(sides, pair)
    base = pair.base or nothing(pair.environment, sides.base)
    after.history.published = frozenset(base.history.graph.by_id)
    after.history.published_paths = frozenset(each.path for each in base.history.revisions)
    after.history.told = history_checks.errors_of(rules)
    merge = Merge(sides, base.history, after.history, is_gone=pair.merged is None)
    merge.released = lambda: released(
        sides.base.root, base.history.scope.published, after.history.environment
    )
    found = list(history_checks.findings_of(after, [each for each in rules if each.name != HEADS]))
    found += _heads(after, merge, rules, branch)
    published = [rule for rule in rules if rule.group is PUBLISHED]
    name = after.history.environment.name
    found += [finding for rule in published for finding in ask(rule, [merge], name)]
    left, agreed = take_out_agreed(found, published, merge, agreement)
    # Comments in revisions that stay as they are were judged when those were new.
    before = base.history.graph.by_id
    touched = [each for each in after.history.revisions if before.get(each.id) is not each]
    outcome = settle(touched, left, rules, name, after.history.published)
    kept = gather(after.history, outcome.kept)
    return outcome._replace(kept=kept, allowed=outcome.allowed + agreed)


def _heads(
    after: Read, merge: Merge, rules: Sequence[Rule], branch: Callable[[Read], Read | None]
) -> Iterator[Finding]:
    """Yield what `multiple-heads` finds: the branch's own fork; `branching-merge` has the others.

    Each of the two speaks for the other where that one is not reported.
    """
    if not after.history.rival_heads:
        return
    reported = {each.name for each in rules if each.reported}
    alone = branch(after)
    if alone is not None:
        alone.history.told = after.history.told
        if HEADS in reported or FORK not in reported:
            merge.told_heads = alone.history.rival_heads
    judged = after if HEADS in reported and FORK not in reported else alone
    if judged is not None:
        yield from history_checks.findings_of(
            judged, [each for each in rules if each.name == HEADS]
        )
