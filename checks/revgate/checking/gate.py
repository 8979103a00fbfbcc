"""Runs the static checks, then the round trip of each environment, and combines their findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from revgate.checking import history as history_checks
from revgate.checking import merge as merge_checks
from revgate.checking import weight
from revgate.checking.advice import advise
from revgate.checking.covered import leave_out_covered
from revgate.checking.file_rules import judge_file
from revgate.checking.suppressions import settle
from revgate.errors import CannotJudgeError
from revgate.findings import ERROR, Finding
from revgate.history.merge import Merge
from revgate.history.read import read
from revgate.history.work_tree import commit_work_tree
from revgate.roundtrip.order import upgrade_order
from revgate.rules import CHAIN, HOUSEKEEPING, SCHEMA, ask

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from revgate.checking.counterparts import Pair
    from revgate.checking.selection import Choice, Request
    from revgate.checking.weight import Scale
    from revgate.history.history import History
    from revgate.history.merge import Sides
    from revgate.history.read import Read
    from revgate.result import Allowed, Result
    from revgate.roundtrip.observed import RoundTrip
    from revgate.roundtrip.options import Options, Release
    from revgate.roundtrip.squash import Replaced
    from revgate.settings import Settings
    from revgate.source import Source


def run(
    source: Source,
    settings: Settings,
    request: Request,
    *,
    name: str,
    options: Options,
    against: str | None = None,
) -> Result:
    """Run the static rules, and the live rules on a round trip of every environment.

    Args:
        source: The work tree, which the round trip runs.
        settings: Those of the work tree; with a target branch, its own judge instead.
        request: The rules to run, and on which environments.
        name: The command: `gate`, or `roundtrip`, which runs only the chain rules of the static
            ones, since only a linear history can be run.
        options: Those of the round trip; the ones that depend on the environment are set here.
        against: A target branch. The static rules then also judge the result of merging the
            work tree into it, and only the revisions that it lacks are stepped through.

    Raises:
        CannotJudgeError: A round trip could not run at all; `gate` keeps what the static rules
            found, and the result says so.
    """
    asked = request
    if name != "gate":
        asked = request._replace(select=(), ignore=(), groups=(CHAIN, HOUSEKEEPING))
    choice, judging = request.choose(settings), settings
    pairs: dict[str, _Published] | None = None
    if against is None:
        result, reads = history_checks.check(
            source,
            settings,
            asked.choose(settings),
            environment=request.environment,
            cached=options.cached,
        )
    else:
        checked = merge_checks.check(
            options.root,
            asked,
            ours=commit_work_tree(source, settings),
            against=against,
            cached=options.cached,
        )
        result, judging = checked.result, checked.ruling.settings
        choice = request.choose(judging)
        pairs = {
            each: _published(checked.sides, pair) for pair in checked.pairs for each in pair.names
        }
        listed, _ = history_checks.list_named(source, settings, request.environment)
        reads = [
            read(source, each, judge_file, whole=False, cached=options.cached, listed=files)
            for each, files in listed
        ]
    result = result._replace(command=name)
    scale = weight.load(options.root, judging)
    for each in reads:
        observed = _broken(result, each)
        try:
            observed = observed or _observe_new(each, choice, options, pairs, scale)
        except CannotJudgeError as error:
            if name != "gate":
                raise
            # What the text shows stays true.
            where = f"{each.history.environment.name}: " if len(reads) > 1 else ""
            problem = f"{result.problem}\n{where}{error}".strip()
            result = result._replace(problem=problem)
            continue
        result = _join(withdraw(result, observed), observed)
    return result._replace(findings=once(result.findings))


def once(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Report each defect once, by its cause, with its consequences as related places.

    What a downgrade leaves behind also fails the next upgrade of the same revision, and shows in
    its text; one that is missing, empty or raises has consequences. Only an error drops those: if
    the cause is ignored, suppressed or only a warning, they are reported themselves.
    """
    causes = {
        (consequence, each.environment, each.revision): number
        for number, each in enumerate(findings)
        if each.severity is ERROR
        for consequence in _CONSEQUENCES.get(each.rule, ())
    }
    kept: dict[int, Finding] = {}
    dropped: list[tuple[int, Finding]] = []
    for number, each in enumerate(findings):
        cause = causes.get((each.rule, each.environment, each.revision))
        if cause is None or not _explains(findings[cause], each):
            kept[number] = each
        else:
            dropped.append((cause, each))
    for cause, each in dropped:
        if cause in kept and each.rule in _NAMES_OBJECTS:
            kept[cause] = _with_consequence(kept[cause], each)
    return tuple(kept.values())


def _explains(cause: Finding, consequence: Finding) -> bool:
    """Whether a finding is the cause of another one: a line that fails, at that line only."""
    return cause.rule != _AT_A_LINE or cause.line == consequence.line


def _with_consequence(cause: Finding, consequence: Finding) -> Finding:
    related = (*cause.related, consequence.as_related())
    return cause._replace(help=f"{cause.help}\n{consequence.help}", related=related)


_UNUSED = "unused-allow"
_NOT_LINEAR = ("branch-label", "cross-dependency", "merge-revision", "multiple-bases")
"""Rules of the chain about histories that Alembic runs."""
_ON_ROWS = ("breaks-running-code", "downgrade-fails-on-rows", "fails-on-rows", "rows-lost")
_IN_THE_TEXT = "lopsided-downgrade"
_CONSEQUENCES = {
    "downgrade-residue": ("reupgrade-fails", "unrepeatable-upgrade", "lopsided-downgrade"),
    "downgrade-loss": ("reupgrade-fails", "unrepeatable-upgrade", "lopsided-downgrade"),
    "empty-downgrade": (
        *("downgrade-residue", "downgrade-loss"),
        *("reupgrade-fails", "unrepeatable-upgrade"),
    ),
    "missing-downgrade": ("downgrade-fails",),
    "raising-downgrade": ("downgrade-fails",),
    "unnamed-drop": ("downgrade-fails",),
}
"""What only follows from the finding of a rule."""
_AT_A_LINE = "unnamed-drop"
_NAMES_OBJECTS = ("downgrade-residue", "downgrade-loss")


class Observed(NamedTuple):
    """What the round trip of one environment adds to the result."""

    findings: tuple[Finding, ...] = ()
    allowed: tuple[Allowed, ...] = ()
    roundtrip: RoundTrip | None = None
    notes: tuple[str, ...] = ()
    ignored: int = 0


def _broken(result: Result, read: Read) -> Observed | None:
    """Return a note if the chain of an environment has an error, so that it cannot be run.

    Where the settings make the error a warning, Alembic is asked whether it can.
    """
    name = read.history.environment.name
    from revgate.rules import all_rules

    rules = all_rules()
    for finding in result.findings:
        breaks = rules[finding.rule].group is CHAIN and finding.rule not in _NOT_LINEAR
        if finding.environment == name and breaks and finding.severity is ERROR:
            note = f"{name}: the round trip did not run, since the chain is broken"
            return Observed(notes=(note,))
    return None


class _Published(NamedTuple):
    """What the target branch has of an environment."""

    ids: frozenset[str] = frozenset()
    """Of the revisions that stay as they are."""
    replaced: Replaced | None = None
    """Those that a squash replaces."""
    release: Release | None = None
    """What runs at the moment; None if it has no revision."""


def _published(sides: Sides, pair: Pair) -> _Published:
    if pair.base is None:
        return _Published()
    base = pair.base.history
    ids = frozenset(base.graph.by_id)
    squash = pair.merged and Merge(sides, base, pair.merged.history).squash
    commit = sides.base.revision or ""
    if not squash:
        return _Published(ids, None, _release(base, commit))
    from revgate.roundtrip.squash import Replaced

    chain = (base.graph.by_id[key] for key in base.graph.order if key in squash.replaced)
    replaced = Replaced(squash.first.id, tuple(chain), base.environment, commit)
    return _Published(ids - {squash.first.id}, replaced)


def _release(base: History, commit: str) -> Release | None:
    from revgate.roundtrip.options import Release

    heads = tuple(base.graph.heads)
    return Release(base.environment, commit, heads) if heads and commit else None


def _observe_new(
    read: Read,
    choice: Choice,
    options: Options,
    pairs: dict[str, _Published] | None,
    scale: Scale | None,
) -> Observed:
    """Run the round trip of the revisions that the target branch lacks, or of all of them."""
    if pairs is None:
        return observe(read, choice, options, scale=scale)
    published = pairs.get(read.history.environment.name, _Published())
    new = frozenset(read.history.graph.by_id) - published.ids
    return observe(
        read,
        choice,
        options._replace(new=new, release=published.release),
        published.replaced,
        scale,
    )


def observe(
    read: Read,
    choice: Choice,
    options: Options,
    replaced: Replaced | None = None,
    scale: Scale | None = None,
) -> Observed:
    """Run the round trip of one environment, and the live rules on it.

    Args:
        read: The environment, whose history is linear.
        choice: The rules to run.
        options: Those of the round trip.
        replaced: The published revisions that the first one stands for, if it is a squash.
        scale: What weighs findings about tables; None to report all of them as they are.

    Raises:
        CannotJudgeError: The round trip could not run at all.
    """
    from revgate import roundtrip

    history = read.history
    rules = choice.stage(live=True)
    judges_schema = any(rule.group is SCHEMA for rule in rules)
    observed = roundtrip.run(
        history.environment,
        upgrade_order(history.environment, history.graph, options),
        options.for_environment(history.environment)._replace(judges_schema=judges_schema),
        replaced,
    )
    if not options.rows:
        rules = tuple(rule for rule in rules if rule.name not in _ON_ROWS)
    findings = [
        finding
        for rule in rules
        if rule.group is not HOUSEKEEPING
        for each in (observed, *observed.other_contexts)
        for finding in _named(each, ask(rule, [each], history.environment.name))
    ]
    findings, small = scale.weigh(findings) if scale else (findings, "")
    findings = advise(history, findings, replaced.first if replaced else None)
    outcome = settle(history.revisions, findings, rules, history.environment.name)
    # Suppressions in revisions that were not stepped through cannot be judged as unused.
    stepped = {step.revision.id for step in observed.steps if step.downgrade_ms is not None}
    kept = [each for each in outcome.kept if each.rule != _UNUSED or each.revision in stepped]
    kept, note = leave_out_covered(history, kept, rules, options.root)
    allowed = tuple(outcome.allowed)
    notes = (*observed.notes, *filter(None, (small, note)))
    return Observed(tuple(kept), allowed, observed, notes, outcome.ignored)


def _named(observed: RoundTrip, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Name the context in each message, unless it is the first that env.py migrates."""
    for finding in findings:
        if observed.context:
            finding = finding._replace(message=f"{finding.message}, in {observed.context}")
        yield finding


def withdraw(result: Result, observed: Observed) -> Result:
    """Withdraw what the text of a downgrade suggests once the round trip has disproved it."""
    if observed.roundtrip is None:
        return result
    name, proved = observed.roundtrip.environment.name, proved_downgrades(observed.roundtrip)
    kept = tuple(
        each
        for each in result.findings
        if (each.rule, each.environment) != (_IN_THE_TEXT, name) or each.revision not in proved
    )
    return result._replace(findings=kept)


def proved_downgrades(roundtrip: RoundTrip) -> set[str]:
    """Return the revisions that went down and up again in every context without a trace."""
    contexts = (roundtrip, *roundtrip.other_contexts)
    stepped = {
        step.revision.id
        for each in contexts
        for step in each.steps
        if step.upgrade_ms is not None and step.downgrade_ms is not None
    }
    troubled = {
        step.revision.id
        for each in contexts
        for step in (
            *(failure.step for failure in each.failures),
            *(left.step for left in (*each.after_downgrade, *each.after_again)),
        )
    }
    # A context in which a revision was not stepped down proves nothing about it.
    missed = {
        step.revision.id for each in contexts for step in each.steps if step.downgrade_ms is None
    }
    return stepped - troubled - missed


def _join(result: Result, observed: Observed) -> Result:
    notes = observed.notes
    if observed.roundtrip and len(result.environments) > 1:
        notes = tuple(f"{observed.roundtrip.environment.name}: {each}" for each in notes)
    findings = sorted({*result.findings, *observed.findings}, key=history_checks.place)
    return result._replace(
        findings=tuple(findings),
        taken_back=result.taken_back + observed.allowed,
        roundtrips=result.roundtrips + ((observed.roundtrip,) if observed.roundtrip else ()),
        notes=result.notes + notes,
        ignored=result.ignored + observed.ignored,
    )
