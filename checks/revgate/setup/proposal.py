"""Which settings today's history passes under, tried by judging it.

Knows what settings can exempt, and what they cannot; not where settings are written.
"""

from typing import TYPE_CHECKING, NamedTuple

from revgate import environments, judge
from revgate.choice import Choice
from revgate.errors import CannotJudgeError, RevgateError
from revgate.history.read import read
from revgate.rules import CHAIN, DOWNGRADE, NAMING, all_rules
from revgate.settings import Scope, Settings, from_table, with_config
from revgate.setup.form import form_of

if TYPE_CHECKING:
    from revgate.environments import Environment
    from revgate.findings import Finding, Result
    from revgate.history.history import History
    from revgate.history.source import Source

_NEW = "the proposed settings"
_BASES = "multiple-bases"


class Proposal(NamedTuple):
    """Settings, as a table of TOML would have them."""

    common: dict[str, object]
    environments: tuple[dict[str, object], ...] = ()
    """One table each, where they differ."""
    severity: dict[str, str] = {}  # noqa: RUF012 - nobody writes to it
    exempted: "tuple[Finding, ...]" = ()
    """What is found today and no longer under these settings."""
    left_out: tuple[str, ...] = ()
    """Why configurations are no environment; the settings then name those that are."""

    def settings(self) -> Settings:
        """Return the settings as revgate would read them."""
        table: dict[str, object] = {**self.common}
        if self.environments:
            table["environment"] = list(self.environments)
        if self.severity:
            table["severity"] = self.severity
        return from_table(table, _NEW)


class Judgement(NamedTuple):
    """What today's history is under some settings."""

    result: "Result"
    histories: "tuple[History, ...]"

    @property
    def broken(self) -> "list[Finding]":
        """Errors of the chain: no setting takes them away."""
        rules = all_rules()
        return [each for each in self._errors if rules[each.rule].group is CHAIN]

    @property
    def left(self) -> "list[Finding]":
        """All other errors."""
        rules = all_rules()
        return [each for each in self._errors if rules[each.rule].group is not CHAIN]

    @property
    def _errors(self) -> "list[Finding]":
        return [each for each in self.result.findings if each.severity == "error"]


def judged(source: "Source", settings: Settings) -> Judgement:
    """Judge the static rules under settings.

    Raises:
        CannotJudgeError: There is nothing to judge.
    """
    result, reads = judge.check(source, settings, Choice(settings))
    return Judgement(result, tuple(each.history for each in reads))


def propose(source: "Source") -> tuple[Proposal, Judgement]:
    """Find settings under which the history passes, as far as settings can make it.

    Raises:
        CannotJudgeError: There is no environment, no revision, or one that cannot be located.
    """
    found, left_out = _found(source)
    histories = [read(source, each, whole=False).history for each in found]
    scopes = [_scope(each) for each in histories]
    proposal = _arranged(found, scopes, left_out)
    judgement = judged(source, proposal.settings())
    if {each.rule for each in judgement.broken} == {_BASES}:
        # They meet in one head, or one each is meant: nobody can change that any more, and another
        # beginning would be another head too.
        proposal = proposal._replace(common={**proposal.common, "ignore": [_BASES]})
        judgement = judged(source, proposal.settings())
    if judgement.broken:
        return proposal, judgement
    faults = tuple(each for each in judgement.result.findings if is_exemptable(each))
    faulty = {each.environment for each in faults}
    if faulty:
        old = [
            scope._replace(baseline=newest(history)) if each.name in faulty else scope
            for each, scope, history in zip(found, scopes, histories, strict=True)
        ]
        ignored = {key: proposal.common[key] for key in ("ignore",) if key in proposal.common}
        proposal = _arranged(found, old, left_out)
        proposal = proposal._replace(common={**proposal.common, **ignored}, exempted=faults)
        judgement = judged(source, proposal.settings())
    if still := sorted({each.rule for each in judgement.left if is_exemptable(each)}):
        # Branches side by side: a baseline is one revision, and exempts what leads to it only.
        proposal = proposal._replace(severity=dict.fromkeys(still, "warning"))
        judgement = judged(source, proposal.settings())
    return proposal, judgement


def _found(source: "Source") -> "tuple[list[Environment], tuple[str, ...]]":
    """Return the environments, and what is wrong with the configurations of others.

    Raises:
        CannotJudgeError: There is none.
    """
    try:
        return environments.find(source, Settings()), ()
    except CannotJudgeError as error:
        found = {
            (each.script_location, each.version_locations): each
            for path in source.configurations()
            for each in _located(source, path)
        }
        if not found:
            raise
        *problems, _advice = str(error).splitlines()
        return list(found.values()), tuple(problems)


def _located(source: "Source", path: str) -> "list[Environment]":
    try:
        return environments.find(source, with_config(Settings(), path))
    except RevgateError:
        return []


def is_exemptable(finding: "Finding") -> bool:
    """Whether a baseline exempts from the rule."""
    return all_rules()[finding.rule].group in (NAMING, DOWNGRADE)


def newest(history: "History") -> str:
    """Return the head that most of the history leads to."""
    graph = history.graph
    return max(graph.heads, key=lambda head: (len(graph.ancestors(head)), head))


def _scope(history: "History") -> Scope:
    graph = history.graph
    newest_first = [graph.by_id[key] for key in reversed(graph.order)]
    form = form_of(newest_first) if newest_first else Scope().file_name
    unlike = any(each.depends_on or len(each.parents) > 1 for each in history.revisions)
    branches = _branches(history)
    labelled = {label for each in history.revisions for label in each.labels}
    return Scope(
        file_name=form,
        linear=not (unlike or labelled - {*branches}),
        branches=branches,
    )


def _branches(history: "History") -> tuple[str, ...]:
    """Return the labels of heads that stand side by side, where each has one of its own."""
    graph = history.graph
    if len(graph.heads) < 2:
        return ()
    above = {head: graph.labels_above(head) for head in graph.heads}
    own = []
    for head, labels in above.items():
        others = {each for other, found in above.items() if other != head for each in found}
        if labels - others:
            own.append(min(labels - others))
    # One of them may be the trunk, which has no label.
    return tuple(sorted(own)) if len(own) >= len(graph.heads) - 1 else ()


def _arranged(
    found: "list[Environment]", scopes: "list[Scope]", left_out: tuple[str, ...]
) -> Proposal:
    """Say what is common once; and of each environment what it has of its own."""
    baselines = {scope.baseline for scope in scopes} - {None}
    alike = len({scope._replace(baseline=None) for scope in scopes}) == 1 and len(baselines) <= 1
    if alike and not left_out:
        only = scopes[0]._replace(baseline=next(iter(baselines), None))
        return Proposal(_keys(only, Scope(file_name="")))
    tables = [
        {**_named(each), **_keys(scope, Scope(file_name=""))}
        for each, scope in zip(found, scopes, strict=True)
    ]
    return Proposal({}, tuple(tables), left_out=left_out)


def _named(environment: "Environment") -> dict[str, object]:
    named: dict[str, object] = {"name": environment.name, "config": environment.config}
    if environment.section != "alembic":
        named["section"] = environment.section
    return named


def _keys(scope: Scope, default: Scope) -> dict[str, object]:
    """Return what a scope says beyond the default, as the settings spell it."""
    return {
        name.replace("_", "-"): list(value) if isinstance(value, tuple) else value
        for name, value in zip(Scope._fields, scope, strict=True)
        if value != getattr(default, name)
    }
