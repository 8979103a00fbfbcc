"""Lists and reads the revision files of an environment, reusing cached facts of unchanged files."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.errors import CannotJudgeError
from revgate.history.cache import RACY_NS, Cache
from revgate.history.history import History
from revgate.history.subfolders import is_revision_file, subfolder_advice
from revgate.source import missing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from revgate.environments import Environment
    from revgate.findings import Finding
    from revgate.history.facts import Facts, Judge, Reading
    from revgate.source import Content, Source

# Contents cached per file, so that switching between branches costs nothing.
_KEPT = 2


class NoRevisionsError(CannotJudgeError):
    """An environment has no revision, so there is nothing to check in it."""

    def __init__(self, place: str, fact: str, advice: str) -> None:
        super().__init__(f"{place}: {fact}, so nothing could be checked; {advice}")
        self.note = f"{place}: {fact}, so this environment was not checked"


class OnlyInSubfoldersError(NoRevisionsError):
    """An environment has revisions only where Alembic does not look by its configuration."""


class Listed(NamedTuple):
    """The revision files of one environment, not yet read."""

    paths: list[str]
    signatures: list[object]
    """What identifies unchanged files; see `Source.signatures`."""
    complete: bool = True
    """False if these are only some of the files: facts of the others must be kept."""
    below: tuple[tuple[str, object], ...] = ()
    """Files in subfolders that Alembic does not read, with their signatures."""


def list_files(source: Source, environment: Environment, *, cached: bool = True) -> Listed:
    """List the revision files of an environment with their signatures.

    Args:
        source: Where to look.
        environment: The environment.
        cached: Whether facts of earlier runs may be used; signatures are None otherwise.

    Raises:
        CannotJudgeError: A folder is missing, or none contains a revision.
    """
    if not cached:
        paths = revision_files(source, environment)
        return Listed(paths, [None] * len(paths))
    paths, below = _listing(source, environment, subfolders=not environment.recursive)
    unread = tuple(zip(below, source.signatures(below), strict=True)) if below else ()
    return Listed(paths, source.signatures(paths), below=unread)


def list_all(
    source: Source, environments: Iterable[Environment], *, cached: bool = True
) -> tuple[list[tuple[Environment, Listed]], list[NoRevisionsError]]:
    """List the revision files of environments, and those environments that have none.

    Args:
        source: Where to look.
        environments: The environments.
        cached: As for `list_files`.
    """
    listed = []
    empty: list[NoRevisionsError] = []
    for each in environments:
        try:
            listed.append((each, list_files(source, each, cached=cached)))
        except NoRevisionsError as error:
            empty.append(error)
    return listed, empty


def notes_on(empty: Sequence[NoRevisionsError], *, strict: bool) -> list[str]:
    """Return a note on each environment that is left out because it has no revision.

    Raises:
        CannotJudgeError: There is one, although none may be left out.
    """
    if empty and strict:
        raise empty[0]
    return [each.note for each in empty]


def revision_files(source: Source, environment: Environment) -> list[str]:
    """List the files that Alembic would load.

    Raises:
        CannotJudgeError: A folder is missing, or none contains a revision.
    """
    return _listing(source, environment, subfolders=False)[0]


def _listing(
    source: Source, environment: Environment, *, subfolders: bool
) -> tuple[list[str], list[str]]:
    """List the files that Alembic would load, and those that it does not read in subfolders.

    Args:
        source: Where to look.
        environment: The environment.
        subfolders: Whether to look for the latter, with the same listing of each folder.
    """
    paths: list[str] = []
    below: list[str] = []
    gone = absent_folders(source, environment)
    for folder in environment.version_locations:
        if folder in gone:
            continue
        if not source.has_folder(folder):
            raise NoRevisionsError(
                environment.config,
                missing(source, folder),
                "create it with a first revision (`revgate new MESSAGE`), correct script_location"
                " or version_locations, or list the environments with [[tool.revgate.environment]]",
            )
        found = source.files(folder, recursive=environment.recursive or subfolders)
        inside = "" if folder == "." else folder
        for path in filter(is_revision_file, found):
            is_below = subfolders and path.rpartition("/")[0] != inside
            (below if is_below else paths).append(path)
    if not paths:
        fact = f"no revision in {', '.join(environment.version_locations)} of {source.name}"
        if advice := subfolder_advice(source, environment):
            raise OnlyInSubfoldersError(environment.config, fact, advice)
        raise NoRevisionsError(
            environment.config,
            fact,
            "create one with `revgate new MESSAGE`, or correct version_locations",
        )
    known = {*paths}
    return list(dict.fromkeys(paths)), [path for path in below if path not in known]


def absent_folders(source: Source, environment: Environment) -> list[str]:
    """Return the folders that do not exist while others do: Alembic passes over them.

    git does not track an empty folder, so that one of several may be missing.
    """
    folders = environment.version_locations
    if len(folders) < 2:
        return []
    absent = [each for each in folders if not source.has_folder(each)]
    if len(absent) == len(folders):
        return []
    return [each for each in absent if source.lies(each) == each and not source.submodule(each)]


class Read(NamedTuple):
    """The history of one environment, and what was found in single files."""

    history: History
    findings: tuple[Finding, ...]
    """From rules that check one file alone, whether or not they are selected."""
    files: int
    """The number of files, including unreadable ones."""


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
        source: Where to read.
        environment: The environment.
        judge: Checks each file alone; its findings are cached with the facts.
        whole: Whether to parse whole files; without content rules, their tops are enough.
        checked: Whether the rest must be valid Python, even if only the top is read.
        cached: Whether to use and update the cache.
        listed: The files, if they are already listed.

    Raises:
        CannotJudgeError: A folder is missing, or none contains a revision.
    """
    # Not at the top: a verdict from the cache needs only the list of the files.
    from revgate.history.facts import Reading, findings_from, revision_from
    from revgate.history.revision import Revision, Unreadable

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
    """Read an environment from a source that differs from another in only a few files.

    Args:
        read_before: The environment as read from the other source.
        source: Where to read.
        changed: Paths that differ between the two, including added and removed ones.
        judge: As for `read`.
        cached: Whether to use and update the cache.
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
    """List the revision files of a source; none if the folder does not exist there."""
    try:
        return revision_files(source, environment)
    except CannotJudgeError:
        return []


class _Known:
    """Cached facts: by the signature of a file, and by its content."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache
        table = cache.load()
        self.files: dict[str, tuple[object, str, Facts]] = table.get("files", {})
        """By path: the last signature of a file, its content id, its facts."""
        self.others: dict[str, Facts] = table.get("others", {})
        """By content id and path: facts of earlier contents, as on another branch."""

    def of(self, source: Source, listed: Listed, reading: Reading) -> list[Facts]:
        """Return the facts of each file, reading only those that are not cached."""
        started = time.time_ns()
        paths, signatures, complete, _ = listed
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
        return found  # type: ignore[return-value]  # no None is left

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
        """Read files; return facts, each with a content id, or None if they must not be cached."""
        from revgate.history.facts import facts_of
        from revgate.history.parallel import spread
        from revgate.history.syntax import quietly

        def learn(content: Content) -> tuple[str | None, Facts]:
            # Without a cache, the id is not needed.
            content_id = content.id() if self.cache.enabled else ""
            known = self._recalled(content.path, content_id) if content.error is None else None
            facts, lasting = (known, True) if known else facts_of(content, reading)
            return content_id if lasting else None, facts

        def learn_all(share: Sequence[str]) -> list[tuple[str | None, Facts]]:
            with quietly():
                return [learn(each) for each in source.read(share)]

        return spread(paths, learn_all)

    def _keep(self, path: str, signature: object, content_id: str, facts: Facts) -> None:
        before = self.files.get(path)
        if before is not None and before[1] != content_id:
            self.others[f"{before[1]} {path}"] = before[2]
        self.files[path] = (signature, content_id, facts)

    def _forget(self, paths: Sequence[str]) -> None:
        """Limit the table to a multiple of the current files."""
        most = _KEPT * len(paths) + 100
        if len(self.files) > most:
            here = {*paths}
            self.files = {path: file for path, file in self.files.items() if path in here}
        self.others = dict(list(self.others.items())[-most:])


def _settled(signature: object, started: int) -> object:
    """Return a signature if any change to the file will change it, else None."""
    if isinstance(signature, tuple) and max(signature[1], signature[2]) >= started - RACY_NS:
        return None
    return signature


def _shared(value: Any, pool: dict[Any, Any]) -> Any:
    """Replace equal parts by one object, which makes the table smaller and faster to load."""
    if isinstance(value, tuple):
        value = tuple([_shared(each, pool) for each in value])
    return pool.setdefault((type(value), value), value)
