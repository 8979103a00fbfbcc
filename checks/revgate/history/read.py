"""Every revision of one environment, by the shortest way that is certain.

Knows which files are revisions, and when what is known of a file still holds; nothing of rules.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.errors import CannotJudgeError
from revgate.history.cache import RACY_NS, Cache
from revgate.history.facts import Reading, facts_of, findings_from, revision_from
from revgate.history.history import History
from revgate.history.listing import Listed, list_files, revision_files
from revgate.history.revision import Revision, Unreadable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.environments import Environment
    from revgate.findings import Finding
    from revgate.history.facts import Facts, Judge
    from revgate.source import Content, Source

__all__ = ["Listed", "Read", "list_files", "read", "reread", "revision_files"]

# Contents kept for each file that is there, so that going back and forth between branches is free.
_KEPT = 2


class Read(NamedTuple):
    """One environment as it was read."""

    history: History
    findings: tuple[Finding, ...]
    """What rules found that judge one file alone, whichever rules are asked."""
    files: int
    """How many files were read, the unreadable among them."""


def read(
    source: Source,
    environment: Environment,
    judge: Judge,
    *,
    whole: bool = True,
    checked: bool = False,
    cached: bool = True,
    listed: Listed | None = None,
) -> Read:
    """Read every revision file of an environment.

    Args:
        source: Where from.
        environment: Which.
        judge: Judges each file alone; its findings are cached with the facts.
        whole: Whether to parse whole files; without content rules, their tops are enough.
        checked: Whether the rest must be Python all the same.
        cached: Whether facts of earlier runs may be used, and kept.
        listed: The files, where they have been listed already.

    Raises:
        CannotJudgeError: A folder is missing, or there is no revision in any.
    """
    listed = listed or list_files(source, environment, cached=cached)
    reading = Reading(environment.scope.file_name, whole, judge, checked)
    kind = "facts" if whole else "checked" if checked else "heads"
    name = "\n".join([kind, source.root, *environment.version_locations, reading.form])
    facts = _Known(Cache(name, enabled=cached)).of(source, listed, reading)
    parsed = [revision_from(path, each) for path, each in zip(listed.paths, facts, strict=True)]
    history = History(
        environment,
        [each for each in parsed if isinstance(each, Revision)],
        [each for each in parsed if isinstance(each, Unreadable)],
        source,
    )
    findings = tuple(
        finding
        for path, each in zip(listed.paths, facts, strict=True)
        if each[2]
        for finding in findings_from(path, each)
    )
    return Read(history, findings, len(listed.paths))


def reread(
    read_before: Read, source: Source, changed: Sequence[str], judge: Judge, *, cached: bool
) -> Read:
    """Read an environment again from a source that differs in a few files only.

    Args:
        read_before: The environment as another source has it.
        source: Where from now.
        changed: Paths that differ between the two, added and removed ones too.
        judge: As for `read`.
        cached: Whether facts of earlier runs may be used, and kept.
    """
    before = read_before.history
    environment = before.environment
    gone = {*changed}
    there = [path for path in _present(source, environment) if path in gone]
    listed = Listed(there, source.signatures(there), complete=False)
    fresh = read(source, environment, judge, cached=cached, listed=listed) if there else None
    revisions = [each for each in before.revisions if each.path not in gone]
    unreadable = [each for each in before.unreadable if each.path not in gone]
    findings = tuple(each for each in read_before.findings if each.path not in gone)
    if fresh is not None:
        revisions = sorted([*revisions, *fresh.history.revisions], key=lambda each: each.path)
        unreadable = sorted([*unreadable, *fresh.history.unreadable], key=lambda each: each.path)
        findings += fresh.findings
    history = History(environment, revisions, unreadable, source)
    return Read(history, findings, len(revisions) + len(unreadable))


def _present(source: Source, environment: Environment) -> list[str]:
    """List the revision files that a source has, none where it has no such folder yet."""
    try:
        return revision_files(source, environment)
    except CannotJudgeError:
        return []


class _Known:
    """What is known of files: by their signature on disk, and by their content."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache
        table = cache.load()
        self.files: dict[str, tuple[object, str, Facts]] = table.get("files", {})
        """By path: the signature under which a file was last seen, its content id, its facts."""
        self.others: dict[str, Facts] = table.get("others", {})
        """By content id and path: facts of what files held before, as on another branch."""

    def of(self, source: Source, listed: Listed, reading: Reading) -> list[Facts]:
        """Return the facts of each file, reading only those that are not known."""
        started = time.time_ns()
        paths, signatures, complete = listed
        found = [self._recalled(*each) for each in zip(paths, signatures, strict=True)]
        unknown = [at for at, facts in enumerate(found) if facts is None]
        if unknown:
            learnt = self._learn(source, [paths[at] for at in unknown], reading)
            if not self.cache.enabled:
                return [facts for _, facts in learnt]
            pool: dict[Any, Any] = {}
            for at, (content_id, fresh) in zip(unknown, learnt, strict=True):
                facts = found[at] = _shared(fresh, pool)
                if content_id is not None:
                    self._keep(paths[at], _settled(signatures[at], started), content_id, facts)
            if complete:
                self._forget(paths)
            self.cache.save({"files": self.files, "others": self.others})
        return found  # type: ignore[return-value]  # none of them is None any more

    def _recalled(self, path: str, signature: object) -> Facts | None:
        if signature is None:
            return None
        known = self.files.get(path)
        if known is not None and (known[0] == signature or known[1] == signature):
            return known[2]
        return self.others.get(f"{signature} {path}") if isinstance(signature, str) else None

    def _learn(
        self, source: Source, paths: Sequence[str], reading: Reading
    ) -> list[tuple[str | None, Facts]]:
        """Read files; return the content id and the facts of each, None where not to be kept."""
        from revgate.history.parallel import spread_shares
        from revgate.history.syntax import quietly

        def learn(content: Content) -> tuple[str | None, Facts]:
            # Without a cache, nobody asks for the name of a content.
            content_id = content.id() if self.cache.enabled else ""
            known = self._recalled(content.path, content_id) if content.error is None else None
            facts, lasting = (known, True) if known else facts_of(content, reading)
            return content_id if lasting else None, facts

        def learn_all(share: Sequence[str]) -> list[tuple[str | None, Facts]]:
            with quietly():
                return [learn(each) for each in source.read(share)]

        return spread_shares(paths, learn_all)

    def _keep(self, path: str, signature: object, content_id: str, facts: Facts) -> None:
        before = self.files.get(path)
        if before is not None and before[1] != content_id:
            self.others[f"{before[1]} {path}"] = before[2]
        self.files[path] = (signature, content_id, facts)

    def _forget(self, paths: Sequence[str]) -> None:
        """Keep the table within a few times what is there."""
        most = _KEPT * len(paths) + 100
        if len(self.files) > most:
            here = {*paths}
            self.files = {path: file for path, file in self.files.items() if path in here}
        self.others = dict(list(self.others.items())[-most:])


def _settled(signature: object, started: int) -> object:
    """Return a signature that will change with the file; None where it might not."""
    if isinstance(signature, tuple) and max(signature[1], signature[2]) >= started - RACY_NS:
        return None
    return signature


def _shared(value: Any, pool: dict[Any, Any]) -> Any:
    """Make equal parts one object: what is written once is also read back once, and faster."""
    if isinstance(value, tuple):
        value = tuple([_shared(each, pool) for each in value])
    return pool.setdefault((type(value), value), value)
