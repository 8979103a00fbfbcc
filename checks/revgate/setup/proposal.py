"""Finds the settings under which today's history passes, by trying them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from revgate import environments
from revgate.checking import history as history_checks
from revgate.checking.file_rules import judge_file
from revgate.checking.selection import Choice
from revgate.errors import CannotJudgeError
from revgate.history.habit import habit_of
from revgate.history.history import History
from revgate.history.read import NoRevisionsError, OnlyInSubfoldersError, read, revision_files
from revgate.result import Result
from revgate.rules import CHAIN, DOWNGRADE, NAMING, all_rules
from revgate.settings import Scope, Settings, from_table

if TYPE_CHECKING:
    from revgate.environments import Environment
    from revgate.findings import Finding
    from revgate.source import Source

_NEW = "the proposed settings"
_TIMESTAMPS = Scope(file_name="timestamp")
_BASES = "multiple-bases"


class Proposal(NamedTuple):
    """Settings for the environments of a repository."""

    found: tuple[Environment, ...]
    scopes: tuple[Scope, ...]
    """What applies to each of them."""
    ignore: tuple[str, ...] = ()
    severity: tuple[tuple[str, str], ...] = ()
    exempted: tuple[Finding, ...] = ()
    """Findings of today that these settings exempt."""
    left_out: tuple[str, ...] = ()
    """Why some configurations are not environments; the settings then list those that are."""

    @property
    def common(self) -> dict[str, object]:
        """Settings for all environments."""
        shared = _keys(self._shared) if self._shared else {}
        return {**shared, **({"ignore": list(self.ignore)} if self.ignore else {})}

    @property
    def environments(self) -> tuple[dict[str, object], ...]:
        """Settings of each environment, if they differ."""
        if self._shared:
            return ()
        each = zip(self.found, self.scopes, strict=True)
        return tuple({**_named(environment), **_keys(scope)} for environment, scope in each)

    @property
    def _shared(self) -> Scope | None:
        baselines = {scope.baseline for scope in self.scopes} - {None}
        others = {scope._replace(baseline=None) for scope in self.scopes}
        if self.left_out or len(others) > 1 or len(baselines) > 1:
            return None
        # A baseline is an id: it has no meaning in an environment without that revision.
        return others.pop()._replace(baseline=next(iter(baselines), None))

    def settings(self) -> Settings:
        """Return the settings as revgate would read them."""
        table: dict[str, object] = {
            **self.common,
            "environment": list(self.environments),
            "severity": dict(self.severity),
        }
        return from_table(table, _NEW)


class Judgement(NamedTuple):
    """The result for today's history under some settings."""

    result: Result
    histories: tuple[History, ...]

    @property
    def broken(self) -> list[Finding]:
        """Errors of the chain, which no setting can exempt."""
        rules = all_rules()
        return [each for each in self._errors if rules[each.rule].group is CHAIN]

    @property
    def left(self) -> list[Finding]:
        """All other errors."""
        rules = all_rules()
        return [each for each in self._errors if rules[each.rule].group is not CHAIN]

    @property
    def _errors(self) -> list[Finding]:
        return [each for each in self.result.findings if each.severity == "error"]


def judged(source: Source, settings: Settings) -> Judgement:
    """Judge the static rules under settings.

    Raises:
        CannotJudgeError: There is nothing to check.
    """
    result, reads = history_checks.check(source, settings, Choice(settings))
    return Judgement(result, tuple(each.history for each in reads))


NOTHING = Judgement(Result("check", (), ()), ())
"""That of environments without revisions."""


def judged_if_any(source: Source, settings: Settings) -> Judgement:
    """Judge the static rules under settings; `NOTHING` where there is no revision yet.

    Raises:
        CannotJudgeError: There is no environment, or one that cannot be located.
    """
    try:
        return judged(source, settings)
    except OnlyInSubfoldersError:
        raise
    except NoRevisionsError:
        return NOTHING


def propose(source: Source) -> tuple[Proposal, Judgement]:
    """Find settings under which the history passes, as far as settings can make it.

    Raises:
        CannotJudgeError: There is no environment, or one that cannot be located.
    """
    try:
        found, left_out = _found(source)
    except OnlyInSubfoldersError:
        raise
    except NoRevisionsError:
        new = tuple(environments.find(source, Settings()))
        return Proposal(new, tuple(_TIMESTAMPS for _ in new)), NOTHING
    histories = [read(source, each, judge_file, whole=False).history for each in found]
    scopes = tuple(_scope(each) for each in histories)
    proposal = Proposal(found, scopes, left_out=left_out)
    judgement = judged(source, proposal.settings())
    for step in (_accepting_bases, _with_baselines, _as_warnings):
        if further := step(proposal, judgement):
            proposal, judgement = further, judged(source, further.settings())
    return proposal, judgement


def _accepting_bases(proposal: Proposal, judgement: Judgement) -> Proposal | None:
    """Accept several bases if the chain has no other error.

    They were merged long ago, which cannot be changed; a new one would also be a new head.
    """
    if {each.rule for each in judgement.broken} != {_BASES}:
        return None
    return proposal._replace(ignore=(_BASES,))


def _with_baselines(proposal: Proposal, judgement: Judgement) -> Proposal | None:
    """Exempt existing revisions, in environments with findings or without timestamps.

    Of a history that began without revgate nobody knows what its round trip would show.
    """
    faults = tuple(each for each in judgement.result.findings if is_exemptable(each))
    faulty = {each.environment for each in faults}
    scopes = tuple(
        scope._replace(baseline=history.main_head)
        if scope.file_name != "timestamp" or history.environment.name in faulty
        else scope
        for scope, history in zip(proposal.scopes, judgement.histories, strict=True)
    )
    if judgement.broken or scopes == proposal.scopes:
        return None
    return proposal._replace(scopes=scopes, exempted=faults)


def _as_warnings(proposal: Proposal, judgement: Judgement) -> Proposal | None:
    """Note what remains on parallel branches: a baseline exempts only its own ancestors."""
    still = sorted({each.rule for each in judgement.left if is_exemptable(each)})
    if judgement.broken or not still:
        return None
    return proposal._replace(severity=tuple((rule, "warning") for rule in still))


def _found(source: Source) -> tuple[tuple[Environment, ...], tuple[str, ...]]:
    """Return the environments, and what is wrong with the configurations of others.

    Raises:
        CannotJudgeError: There is none.
    """
    located, errors = environments.survey(source, Settings())
    problems = [str(each) for each in errors]
    found = []
    for each in located:
        try:
            revision_files(source, each)
            found.append(each)
        except CannotJudgeError as error:
            problems.append(str(error))
    if not found:
        # One of these says what is wrong.
        for each in environments.find(source, Settings()):
            revision_files(source, each)
    return tuple(found), tuple(problems)


def is_exemptable(finding: Finding) -> bool:
    """Whether a baseline exempts from the rule."""
    return all_rules()[finding.rule].group in (NAMING, DOWNGRADE)


def _scope(history: History) -> Scope:
    unlike = any(each.depends_on or len(each.parents) > 1 for each in history.revisions)
    branches = _branches(history)
    labelled = {label for each in history.revisions for label in each.labels}
    return Scope(
        file_name=habit_of(history),
        linear=not (unlike or labelled - {*branches}),
        branches=branches,
    )


def _branches(history: History) -> tuple[str, ...]:
    """Return the labels of parallel heads, if each has one of its own."""
    graph = history.graph
    if len(graph.heads) < 2:
        return ()
    above = {head: graph.labels_above(head) for head in graph.heads}
    own = []
    for head, labels in above.items():
        others = {each for other, found in above.items() if other != head for each in found}
        if labels - others:
            own.append(min(labels - others))
    branches = tuple(sorted(own))
    scope = history.scope._replace(branches=branches)
    proposed = History(history.environment._replace(scope=scope), history.revisions)
    return () if proposed.rival_heads else branches


def _named(environment: Environment) -> dict[str, object]:
    named: dict[str, object] = {"name": environment.name, "config": environment.config}
    if environment.section != "alembic":
        named["section"] = environment.section
    return named


def _keys(scope: Scope) -> dict[str, object]:
    """Return the settings of a scope that differ from the defaults, and the file name pattern."""
    default = Scope(file_name="")
    return {
        name.replace("_", "-"): list(value) if isinstance(value, tuple) else value
        for name, value in zip(Scope._fields, scope, strict=True)
        if value != getattr(default, name)
    }
