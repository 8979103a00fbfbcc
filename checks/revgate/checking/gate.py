"""The main job: the static half, then the round trip of each environment.

Knows when a round trip makes sense and how its findings join the others; not how it runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from revgate import environments
from revgate.checking import history as history_checks
from revgate.checking import merge as merge_checks
from revgate.checking.file_rules import judge_file
from revgate.checking.selection import Choice
from revgate.checking.suppressions import settle
from revgate.findings import ERROR, Finding
from revgate.history.read import read
from revgate.rules import CHAIN, HOUSEKEEPING, ask

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from revgate.history.read import Read
    from revgate.result import Allowed, Result
    from revgate.roundtrip.observed import RoundTrip
    from revgate.settings import Settings
    from revgate.source import Source


class Live(NamedTuple):
    """What the command line says of the round trip."""

    root: str
    database_url: str | None = None
    python: str | None = None
    expect_tables: int | None = None
    timeout: float | None = 600.0
    x_arguments: tuple[str, ...] = ()
    progress: bool = False
    shard: tuple[int, int] | None = None
    """Number, from 1, and count of the jobs that share the steps."""
    cached: bool = True
    """Whether databases of earlier runs may be used, on a server that stays."""
    rows: bool = True
    """Whether the history also runs on tables that have rows."""


def run(
    source: Source,
    settings: Settings,
    choice: Choice,
    *,
    name: str,
    environment: str | None,
    cached: bool,
    live: Live,
    against: str | None = None,
) -> Result:
    """Judge the static rules and what a round trip of every environment shows.

    Args:
        source: The work tree: what a round trip can run.
        settings: Of the repository.
        choice: The rules to ask.
        name: The command: `gate`, or `roundtrip`, which asks no static rule but those of the
            chain, since only a straight chain can be run.
        environment: Only the environment of this name.
        cached: Whether facts of earlier runs may be used.
        live: How the round trip is to run.
        against: A base; the static rules then judge also what merging HEAD into it would do, and
            only revisions that it lacks are stepped.

    Raises:
        CannotJudgeError: A round trip could not run at all.
    """
    asked = choice if name == "gate" else Choice(settings, groups=(CHAIN, HOUSEKEEPING))
    if against is None:
        result, reads = history_checks.check(
            source, settings, asked, environment=environment, cached=cached
        )
    else:
        result = merge_checks.check(
            live.root,
            settings,
            asked,
            ours="HEAD",
            against=against,
            environment=environment,
            cached=cached,
        )
        # What runs is the work tree, which need not be HEAD; its tops say in which order.
        found = environments.find(source, settings, environment)
        reads = [read(source, each, judge_file, whole=False, cached=cached) for each in found]
    result = result._replace(command=name)
    for each in reads:
        observed = _broken(result, each)
        if observed is None:
            new = None if against is None else merge_checks.lacking(live.root, each, against)
            observed = observe(each, settings, choice, live, new)
        result = _join(result, observed)
    return result._replace(findings=once(result.findings))


def once(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Leave out what only repeats a defect that a worse or more exact finding tells.

    What a downgrade leaves behind stops the next upgrade of the same revision, and stands in the
    text already. Only an error takes something away: a cause that is ignored, allowed or a mere
    warning does not speak for what follows from it.
    """
    told = {
        (each.environment, each.revision)
        for each in findings
        if each.rule in _CAUSES and each.severity is ERROR
    }
    return tuple(
        each
        for each in findings
        if each.rule not in _REPEATS or (each.environment, each.revision) not in told
    )


_UNUSED = "unused-allow"
_ON_ROWS = ("fails-on-rows", "rows-lost")
_CAUSES = ("downgrade-residue", "downgrade-loss")
_REPEATS = ("reupgrade-fails", "lopsided-downgrade")


class Observed(NamedTuple):
    """What one environment's round trip adds to the result."""

    findings: tuple[Finding, ...] = ()
    allowed: tuple[Allowed, ...] = ()
    roundtrip: RoundTrip | None = None
    notes: tuple[str, ...] = ()


def _broken(result: Result, read: Read) -> Observed | None:
    """Say that a history which is no chain cannot be run."""
    name = read.history.environment.name
    from revgate.rules import all_rules

    rules = all_rules()
    for finding in result.findings:
        if finding.environment == name and rules[finding.rule].group is CHAIN:
            note = f"{name}: the round trip did not run, since the chain is broken"
            return Observed(notes=(note,))
    return None


def observe(
    read: Read,
    settings: Settings,
    choice: Choice,
    live: Live,
    new: frozenset[str] | None,
) -> Observed:
    """Make the round trip of one environment, and ask the live rules.

    Args:
        read: The environment, one straight line.
        settings: Of the repository.
        choice: The rules to ask.
        live: How the round trip is to run.
        new: Ids of the revisions that are stepped; None for all.

    Raises:
        CannotJudgeError: It could not run at all.
    """
    from revgate import roundtrip

    history = read.history
    expected = history.scope.expect_tables if live.expect_tables is None else live.expect_tables
    observed = roundtrip.run(
        history.environment,
        history_checks.upgrade_order(history),
        roundtrip.Options(
            root=live.root,
            database_url=live.database_url,
            python=live.python,
            expect_tables=expected,
            env=settings.env,
            timeout=live.timeout,
            progress=live.progress,
            x_arguments=live.x_arguments,
            new=new,
            shard=live.shard,
            rows=live.rows,
            cached=live.cached,
        ),
    )
    rules = choice.stage(live=True)
    if not live.rows:
        rules = tuple(rule for rule in rules if rule.name not in _ON_ROWS)
    findings = [
        finding
        for rule in rules
        if rule.group is not HOUSEKEEPING
        for each in (observed, *observed.other_contexts)
        for finding in _named(each, ask(rule, [each], history.environment.name))
    ]
    kept, allowed = settle(history.revisions, findings, rules, history.environment.name)
    # Of what was not stepped here, nobody can say that its allows do nothing.
    stepped = {step.revision.id for step in observed.steps if step.downgrade_ms is not None}
    kept = [each for each in kept if each.rule != _UNUSED or each.revision in stepped]
    return Observed(tuple(kept), tuple(allowed), observed, observed.notes)


def _named(observed: RoundTrip, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Say where, unless it is the first thing that env.py migrates."""
    for finding in findings:
        if observed.context:
            finding = finding._replace(message=f"{finding.message}, in {observed.context}")
        yield finding


def _join(result: Result, observed: Observed) -> Result:
    findings = sorted({*result.findings, *observed.findings}, key=history_checks.place)
    return result._replace(
        findings=tuple(findings),
        taken_back=result.taken_back + observed.allowed,
        roundtrips=result.roundtrips + ((observed.roundtrip,) if observed.roundtrip else ()),
        notes=result.notes + observed.notes,
    )
