"""The static half from end to end: environments to findings.

Knows the order of the stages and how findings are gathered; what a rule finds wrong and how a
report looks belong elsewhere.
"""

from typing import TYPE_CHECKING, NamedTuple

from revgate import environments
from revgate.allows import settle
from revgate.errors import UsageError
from revgate.findings import Finding, Judged, Result
from revgate.history.read import Read, read
from revgate.rules import CONTENT, DOWNGRADE, HOUSEKEEPING, LIVE, NAMING, all_rules, ask
from revgate.settings import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.history.history import History
    from revgate.history.revision import Revision
    from revgate.history.source import Source
    from revgate.rules import Group, Rule
    from revgate.settings import Settings


class Choice(NamedTuple):
    """Which rules are asked, and how severe each is."""

    rules: "tuple[Rule, ...]"

    @classmethod
    def of(
        cls, settings: "Settings", select: "Sequence[str]" = (), ignore: "Sequence[str]" = ()
    ) -> "Choice":
        """Choose rules by the settings and the command line.

        Raises:
            UsageError: A name is no rule's; with the nearest that is.
        """
        known = all_rules()
        for name in (*select, *ignore):
            if name not in known:
                raise UsageError(f"unknown rule {name!r}{nearest(name, list(known))}")
        left_out = {*ignore, *settings.ignore}
        severity = dict(settings.severity)
        return cls(
            tuple(
                rule._replace(severity=type(rule.severity)(severity.get(name, rule.severity)))
                for name, rule in known.items()
                if (name in select if select else True) and name not in left_out
            )
        )

    def only(self, *groups: "Group") -> "Choice":
        """Keep the rules of some groups, and the live ones."""
        return Choice(
            tuple(rule for rule in self.rules if rule.group in groups or rule.group is LIVE)
        )

    def stage(self, *, live: bool) -> "tuple[Rule, ...]":
        """Return the rules of the static or of the live stage; housekeeping belongs to both."""
        return tuple(
            rule
            for rule in self.rules
            if rule.group is HOUSEKEEPING or (rule.group is LIVE) is live
        )


def check(
    source: "Source",
    settings: "Settings",
    choice: Choice,
    *,
    environment: str | None = None,
    cached: bool = True,
) -> tuple[Result, list[Read]]:
    """Judge the static rules on every environment of a source.

    Returns:
        The result, and what was read, for those who go on with it.

    Raises:
        CannotJudgeError: There is nothing to judge in one of them.
        UsageError: The settings name what is not there.
    """
    found = environments.find(source, settings, environment)
    rules = choice.stage(live=False)
    whole = any(rule.judges == "script" or rule.group is CONTENT for rule in rules)
    reads = [read(source, each, whole=whole, cached=cached) for each in found]
    _check_baselines(settings, [each.history for each in reads])
    findings: list[Finding] = []
    allowed = 0
    for each in reads:
        kept, taken_back = settle(
            each.history.revisions,
            list(_findings(each, rules)),
            rules,
            each.history.environment.name,
        )
        findings += kept
        allowed += taken_back
    result = Result(
        command="check",
        environments=tuple(_judged(each) for each in reads),
        findings=tuple(sorted(findings, key=place)),
        allowed=allowed,
        notes=tuple(note for each in reads for note in _notes(each)),
    )
    return result, reads


def place(finding: Finding) -> tuple[str, str, int, int, str, str]:
    """Return what findings are sorted by."""
    where = (finding.environment, finding.path, finding.line, finding.column)
    return (*where, finding.rule, finding.message)


def _check_baselines(settings: "Settings", histories: "list[History]") -> None:
    for scope in {settings.scope, *(each.scope for each in histories)}:
        ids = [key for each in histories for key in each.graph.by_id]
        if scope.baseline is not None and scope.baseline not in ids:
            raise UsageError(
                f"{settings.path}: the baseline {scope.baseline!r} is no revision"
                f"{nearest(scope.baseline, ids)}"
            )


def _findings(read: Read, rules: "Sequence[Rule]") -> "Iterator[Finding]":
    name = read.history.environment.name
    asked = {rule.name: rule for rule in rules}
    exempt = read.history.exempt
    for finding in read.findings:
        rule = asked.get(finding.rule)
        if rule is None or (rule.group in (NAMING, DOWNGRADE) and finding.revision in exempt):
            continue
        yield finding._replace(severity=rule.severity, environment=name)
    for rule in rules:
        if rule.judges == "history":
            yield from ask(rule, (read.history,), name)


def _judged(read: Read) -> Judged:
    graph = read.history.graph
    return Judged(
        environment=read.history.environment,
        revisions=len(read.history.revisions),
        files=read.files,
        heads=graph.heads,
        bases=graph.bases,
    )


def _notes(read: Read) -> "Iterator[str]":
    for revision in read.history.revisions:
        for name in revision.computed:
            yield f"{revision.path}: `{name}` is computed, so it was not looked at"


def upgrade_order(history: "History") -> "list[Revision]":
    """Return the revisions in the order in which an upgrade runs them."""
    return [history.graph.by_id[key] for key in history.graph.order]
