"""The static half from end to end: environments to findings.

Knows the order of the stages and how findings are gathered; what a rule finds wrong and how a
report looks belong elsewhere.
"""

import re
from typing import TYPE_CHECKING, NamedTuple

from revgate import environments
from revgate.allows import settle
from revgate.errors import CannotJudgeError, UsageError
from revgate.findings import Finding, Judged, Result
from revgate.history.history import History
from revgate.history.parse import parse
from revgate.history.revision import Script, Unreadable
from revgate.rules import DOWNGRADE, HOUSEKEEPING, LIVE, NAMING, all_rules, ask
from revgate.settings import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from revgate.environments import Environment
    from revgate.history.revision import Revision
    from revgate.history.source import Source
    from revgate.rules import Group, Rule
    from revgate.settings import Settings

# What Alembic takes for a revision file: `_only_source_rev_file` in alembic.script.base.
_REVISION_FILE = re.compile(r"(?!\.\#|__init__)(.*\.py)$")


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


class Read(NamedTuple):
    """One environment as it was read."""

    history: History
    scripts: "tuple[Script, ...]"
    files: int
    """How many files were read, the unreadable among them."""


def check(
    source: "Source",
    settings: "Settings",
    choice: Choice,
    *,
    environment: str | None = None,
) -> tuple[Result, list[Read]]:
    """Judge the static rules on every environment of a source.

    Returns:
        The result, and what was read, for those who go on with it.

    Raises:
        CannotJudgeError: There is nothing to judge in one of them.
        UsageError: The settings name what is not there.
    """
    found = environments.find(source, settings, environment)
    reads = [read(source, each) for each in found]
    _check_baselines(settings, [each.history for each in reads])
    rules = choice.stage(live=False)
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


def read(source: "Source", environment: "Environment") -> Read:
    """Read every revision file of an environment.

    Raises:
        CannotJudgeError: A folder is missing, or there is no revision in any.
    """
    paths = _revision_files(source, environment)
    scripts: list[Script] = []
    unreadable: list[Unreadable] = []
    for content in source.read(paths):
        if content.error is not None:
            unreadable.append(Unreadable.of(content.path, content.error))
            continue
        parsed = parse(content.path, content.data)
        if isinstance(parsed, Script):
            scripts.append(parsed)
        else:
            unreadable.append(parsed)
    history = History(environment, [script.revision for script in scripts], unreadable)
    return Read(history, tuple(scripts), len(paths))


def _revision_files(source: "Source", environment: "Environment") -> list[str]:
    """List the files that Alembic would load; others lie in the folder unread."""
    paths: list[str] = []
    for folder in environment.version_locations:
        if not source.has_folder(folder):
            raise CannotJudgeError(
                f"{environment.config}: the folder {folder} is missing in {source.name}, so nothing"
                " could be checked; make it with a first revision, or correct script_location or"
                " version_locations"
            )
        found = source.files(folder, recursive=environment.recursive)
        paths += [path for path in found if _REVISION_FILE.match(path.rpartition("/")[2])]
    if not paths:
        raise CannotJudgeError(
            f"{environment.config}: no revision in {', '.join(environment.version_locations)} of"
            f" {source.name}, so nothing could be checked; make one with `alembic revision`, or"
            " correct version_locations"
        )
    return list(dict.fromkeys(paths))


def _check_baselines(settings: "Settings", histories: "list[History]") -> None:
    for scope in {settings.scope, *(each.scope for each in histories)}:
        ids = [key for each in histories for key in each.graph.by_id]
        if scope.baseline is not None and scope.baseline not in ids:
            raise UsageError(
                f"{settings.path}: the baseline {scope.baseline!r} is no revision"
                f"{nearest(scope.baseline, ids)}"
            )


def _findings(read: Read, rules: "Sequence[Rule]") -> "Iterator[Finding]":
    history = read.history
    for rule in rules:
        if rule.group is not HOUSEKEEPING:
            subjects = _subjects(read, rule) if rule.judges == "script" else (history,)
            yield from ask(rule, subjects, history.environment.name)


def _subjects(read: Read, rule: "Rule") -> "Iterable[Script]":
    exempt = read.history.exempt if rule.group in (NAMING, DOWNGRADE) else set()
    return (script for script in read.scripts if script.revision.id not in exempt)


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


def upgrade_order(history: History) -> "list[Revision]":
    """Return the revisions in the order in which an upgrade runs them."""
    return [history.graph.by_id[key] for key in history.graph.order]
