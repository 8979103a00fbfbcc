"""Runs the static rules on the history of each environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate import environments
from revgate.checking.advice import advise
from revgate.checking.file_rules import judge_file
from revgate.checking.habits import gather
from revgate.checking.selection import Choice
from revgate.checking.suppressions import Outcome, settle
from revgate.errors import UsageError
from revgate.findings import ERROR
from revgate.history.read import Read, absent_folders, list_all, notes_on, read
from revgate.history.subfolders import subfolder_notes
from revgate.result import Allowed, Judged, Result
from revgate.rules import CHAIN, CONTENT, DOWNGRADE, NAMING, ask
from revgate.text import choose_one, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from revgate.environments import Environment
    from revgate.findings import Finding
    from revgate.history.history import History
    from revgate.history.read import Listed
    from revgate.rules import Rule
    from revgate.settings import Settings
    from revgate.source import Source


def check(
    source: Source,
    settings: Settings,
    choice: Choice,
    *,
    environment: str | None = None,
    cached: bool = True,
) -> tuple[Result, list[Read]]:
    """Run the static rules on every environment of a source.

    Returns:
        The result, and what was read of each environment.

    Raises:
        CannotJudgeError: An environment has nothing to check, or its history is read in part.
        UsageError: The settings name something that does not exist.
    """
    listed, notes = list_named(source, settings, environment)
    result, reads = check_listed(source, settings, choice, listed, cached=cached)
    return result._replace(notes=(*result.notes, *notes)), reads


def one_history(
    source: Source, settings: Settings, environment: str | None
) -> tuple[Read, tuple[str, ...]]:
    """Return the only environment, and what is wrong with its chain.

    Raises:
        UsageError: There are several to choose from.
        CannotJudgeError: No environment was found.
    """
    found = environments.find(source, settings, environment)
    if len(found) > 1:
        raise UsageError(choose_one(each.name for each in found))
    choice = Choice(settings, groups=(CHAIN,))
    result, reads = check(source, settings, choice, environment=found[0].name)
    errors = (each for each in result.findings if each.severity is ERROR)
    return reads[0], tuple(f"{each.path}:{each.line} {each.message}" for each in errors)


def list_named(
    source: Source, settings: Settings, name: str | None, *, cached: bool = True
) -> tuple[list[tuple[Environment, Listed]], list[str]]:
    """Find environments and list their files; return a note on each that has none.

    Raises:
        CannotJudgeError: None of them has a revision; or one has none that the settings or the
            command line name.
    """
    found = environments.find(source, settings, name)
    listed, empty = list_all(source, found, cached=cached)
    named = bool(settings.environments) or name is not None
    return listed, notes_on(empty, strict=named or not listed)


def check_listed(
    source: Source,
    settings: Settings,
    choice: Choice,
    listed: Sequence[tuple[Environment, Listed]],
    *,
    cached: bool,
) -> tuple[Result, list[Read]]:
    """Check environments whose files have already been listed, as `check` does."""
    rules = choice.stage()
    whole = any(rule.judges == "script" or rule.group is CONTENT for rule in rules)
    reads = [
        read(source, each, judge_file, whole=whole, checked=True, cached=cached, listed=files)
        for each, files in listed
    ]
    check_baselines(settings, [each.history for each in reads])
    return sum_up(reads, (_judged_alone(each, rules) for each in reads)), reads


def _judged_alone(read: Read, rules: Sequence[Rule]) -> Outcome:
    read.history.told = errors_of(rules)
    found = advise(read.history, findings_of(read, rules))
    outcome = settle(read.history.revisions, found, rules, read.history.environment.name)
    return outcome._replace(kept=gather(read.history, outcome.kept))


def sum_up(reads: Sequence[Read], outcomes: Iterable[Outcome]) -> Result:
    """Combine all environments into one result.

    Args:
        reads: What was read of each.
        outcomes: What became of the findings of each.
    """
    findings: set[Finding] = set()
    allowed: list[Allowed] = []
    ignored = 0
    for outcome in outcomes:
        findings.update(outcome.kept)
        allowed += outcome.allowed
        ignored += outcome.ignored
    return Result(
        command="check",
        environments=tuple(judged(each) for each in reads),
        findings=tuple(sorted(findings, key=place)),
        taken_back=tuple(allowed),
        ignored=ignored,
        notes=tuple(note for each in reads for note in notes(each)),
    )


def place(finding: Finding) -> tuple[str, str, int, int, str, str]:
    """Return the sort key of a finding."""
    where = (finding.environment, finding.path, finding.line, finding.column)
    return (*where, finding.rule, finding.message)


def check_baselines(settings: Settings, histories: list[History]) -> None:
    """Check that every baseline is a revision.

    Raises:
        UsageError: A baseline does not exist; suggests the nearest id.
    """
    for scope in {settings.scope, *(each.scope for each in histories)}:
        ids = [key for each in histories for key in each.graph.by_id]
        if scope.baseline is not None and scope.baseline not in ids:
            raise UsageError(
                f"{settings.path}: the baseline {scope.baseline!r} does not exist"
                f"{nearest(scope.baseline, ids)}"
            )


def findings_of(read: Read, rules: Sequence[Rule]) -> Iterator[Finding]:
    """Run the rules that judge one history, or one file of it."""
    name = read.history.environment.name
    asked = {rule.name: rule for rule in rules}
    for finding in read.findings:
        if rule := asked.get(finding.rule):
            found = finding._replace(severity=rule.severity, environment=name)
            if not _is_exempt(read.history, rule, found):
                yield found
    for rule in rules:
        if rule.judges == "history":
            for found in ask(rule, (read.history,), name):
                if not _is_exempt(read.history, rule, found):
                    yield found


def errors_of(rules: Iterable[Rule]) -> frozenset[str]:
    """Return the names of the rules whose findings make a run fail."""
    return frozenset(each.name for each in rules if each.reported and each.severity is ERROR)


def _is_exempt(history: History, rule: Rule, finding: Finding) -> bool:
    """Whether a finding is about a revision that was already judged when it was published."""
    if rule.group in (NAMING, DOWNGRADE):
        return finding.revision in history.exempt
    return rule.group is CONTENT and finding.revision in history.published


def judged(read: Read) -> Judged:
    """Summarize one environment for the reports."""
    graph = read.history.graph
    return Judged(
        environment=read.history.environment,
        revisions=len(read.history.revisions),
        files=read.files,
        heads=graph.heads,
        bases=graph.bases,
    )


def notes(read: Read) -> Iterator[str]:
    """Yield a note about everything in an environment that was not checked.

    Raises:
        CannotJudgeError: What was not checked belongs to the history.
    """
    environment = read.history.environment
    if environment.sourceless:
        yield (
            f"{environment.config}: `sourceless` is true, so Alembic loads compiled revisions"
            " (.pyc) too; these were not checked"
        )
    yield from read.history.notes
    if read.history.source is not None:
        yield from subfolder_notes(read.history.source, read.history)
        for folder in absent_folders(read.history.source, environment):
            yield f"{environment.config}: the folder {folder} does not exist, so Alembic skips it"
    for revision in read.history.revisions:
        for name in revision.computed:
            yield f"{revision.path}: `{name}` is computed, so it was not checked"
