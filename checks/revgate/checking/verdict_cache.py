"""Caches the result of a check, and reuses it as long as none of the files have changed."""

from __future__ import annotations

import marshal
import time
from typing import TYPE_CHECKING, Any

from revgate import environments
from revgate.environments import Environment
from revgate.findings import Finding, Related, Severity
from revgate.history.cache import RACY_NS, Cache
from revgate.history.history import is_own
from revgate.history.read import Listed, list_all, notes_on
from revgate.result import Allowed, Judged, Result
from revgate.settings import Scope

if TYPE_CHECKING:
    from revgate.checking.selection import Choice, Request
    from revgate.history.tree import GitTree
    from revgate.settings import Settings
    from revgate.source import Source


def check(
    source: Source,
    settings: Settings,
    choice: Choice,
    *,
    environment: str | None = None,
    cached: bool = True,
) -> Result:
    """Run the static rules, or return the cached result for unchanged files.

    Raises:
        CannotJudgeError: As `history_checks.check`.
        UsageError: As `history_checks.check`.
    """
    started = time.time_ns()
    found = environments.find(source, settings, environment)
    pairs, empty = list_all(source, found, cached=cached)
    named = bool(settings.environments) or environment is not None
    notes = notes_on(empty, strict=named or not pairs)
    found, listed = [each for each, _ in pairs], [each for _, each in pairs]
    cache = Cache(f"verdict\n{source.root}\n{source.name}", enabled=cached)
    files = [(each.paths, each.signatures, list(each.below)) for each in listed]
    key = marshal.dumps((repr((settings, choice.key, found, notes)), files), 2)
    saved = cache.load()
    if saved.get("key") == key and _still_own(source, found, saved["own"]):
        return _from_plain(saved["result"])

    from revgate.checking import history as history_checks

    result, reads = history_checks.check_listed(source, settings, choice, pairs, cached=cached)
    result = result._replace(notes=(*result.notes, *notes))
    lasting = all(read.history.lasting for read in reads) and _lasts(result)
    if lasting and all(_is_settled(each, started) for each in listed):
        own = [dict(read.history.own) for read in reads]
        cache.save({"key": key, "result": _plain(result), "own": own})
    return result


def check_against(
    root: str, request: Request, *, ours: str | GitTree | None, against: str, cached: bool = True
) -> Result:
    """Check a merge as `merge_checks.check` does, or return the cached result for both commits.

    Raises:
        CannotJudgeError: As `merge_checks.check`.
        UsageError: As `merge_checks.check`.
    """
    from revgate.history.tree import GitTree

    commits = _commits(root, ours.revision if isinstance(ours, GitTree) else ours, against)
    key = repr((request, commits))
    name = ours.name if isinstance(ours, GitTree) else ours
    cache = Cache(f"merge\n{root}\n{name}\n{against}", enabled=cached)
    saved = cache.load()
    if commits is not None and saved.get("key") == key:
        return _from_plain(saved["result"])

    from revgate.checking import merge as merge_checks

    result = merge_checks.check(root, request, ours=ours, against=against, cached=cached).result
    if commits is not None and _lasts(result):
        cache.save({"key": key, "result": _plain(result)})
    return result


def _commits(root: str, ours: str | None, against: str) -> object:
    """Return immutable ids of both sides; None if git does not know one of them."""
    from revgate.git import GitRefusedError, git, resolve

    names = [f"{name}^{{commit}}" for name in (ours or "HEAD", against)]
    try:
        commits = git(root, "rev-parse", "--end-of-options", *names)
        if ours is not None:
            return commits
        return commits, resolve(root, "MERGE_HEAD"), git(root, "write-tree")
    except GitRefusedError:
        return None


def _is_settled(listed: Listed, started: int) -> bool:
    """Whether any later change to a file would change its signature."""
    return all(
        isinstance(signature, str)
        or (isinstance(signature, tuple) and max(signature[1], signature[2]) < started - RACY_NS)
        for signature in (*listed.signatures, *(each for _, each in listed.below))
    )


def _lasts(result: Result) -> bool:
    from revgate.rules import all_rules

    return all(all_rules()[finding.rule].lasting for finding in result.findings)


def _still_own(source: Source, found: list[Environment], own: list[dict[str, bool]]) -> bool:
    """Whether the modules that revisions import are still inside, or outside, the repository."""
    return all(
        is_own(source, environment, name) is was
        for environment, known in zip(found, own, strict=True)
        for name, was in known.items()
    )


def _plain(result: Result) -> tuple[Any, ...]:
    """Convert a result to what `marshal` supports: no named tuples or enumerations."""
    judged = tuple(
        (tuple(each.environment._replace(scope=tuple(each.environment.scope))), *each[1:])  # type: ignore[arg-type]  # undone below
        for each in result.environments
    )
    allowed = tuple((_plain_finding(each.finding), each.reason) for each in result.taken_back)
    return (
        judged,
        tuple(map(_plain_finding, result.findings)),
        allowed,
        result.ignored,
        result.notes,
    )


def _plain_finding(finding: Finding) -> tuple[Any, ...]:
    fields = finding._asdict()
    fields["related"] = tuple(map(tuple, finding.related))
    fields["severity"] = finding.severity.value
    return tuple(fields.values())


def _from_plain(plain: tuple[Any, ...]) -> Result:
    judged, findings, allowed, ignored, notes = plain
    environments = [Environment(*fields) for fields, *_ in judged]
    return Result(
        command="check",
        environments=tuple(
            Judged(environment._replace(scope=Scope(*environment.scope)), *rest)
            for environment, (_, *rest) in zip(environments, judged, strict=True)
        ),
        findings=tuple(map(_restored, findings)),
        taken_back=tuple(Allowed(_restored(finding), reason) for finding, reason in allowed),
        ignored=ignored,
        notes=notes,
    )


def _restored(plain: tuple[Any, ...]) -> Finding:
    finding = Finding(*plain)
    return finding._replace(
        severity=Severity(finding.severity),
        related=tuple(Related(*each) for each in finding.related),
    )
