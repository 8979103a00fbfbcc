"""Every revision of one environment, by the shortest way that is certain.

Knows which files are revisions, and when what is known of a file still holds; nothing of rules.
"""

import re
import time
from typing import TYPE_CHECKING, NamedTuple

from revgate.errors import CannotJudgeError
from revgate.history.cache import Cache
from revgate.history.facts import (
    Facts,
    Reading,
    all_facts,
    findings_from,
    lasting,
    revision_from,
)
from revgate.history.history import History
from revgate.history.revision import Revision, Unreadable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.environments import Environment
    from revgate.history.source import Source
    from revgate.rules import Finding

# What Alembic takes for a revision file: `_only_source_rev_file` in alembic.script.base.
_REVISION_FILE = re.compile(r"(?!\.\#|__init__)(.*\.py)$")

# A file that was written this close to the look at it may change again without a later time.
_RACY_NS = 2_000_000_000

# Contents kept for each file that is there, so that going back and forth between branches is free.
_KEPT = 3


class Read(NamedTuple):
    """One environment as it was read."""

    history: History
    findings: "tuple[Finding, ...]"
    """What rules found that judge one file alone, whichever rules are asked."""
    files: int
    """How many files were read, the unreadable among them."""


def read(
    source: "Source", environment: "Environment", *, whole: bool = True, cached: bool = True
) -> Read:
    """Read every revision file of an environment.

    Args:
        source: Where from.
        environment: Which.
        whole: False where no rule on the content is asked: the top of each file is enough.
        cached: Whether facts of earlier runs may be used, and kept.

    Raises:
        CannotJudgeError: A folder is missing, or there is no revision in any.
    """
    paths = revision_files(source, environment)
    reading = Reading(environment.scope.file_name, whole)
    where = "\n".join([source.root, *environment.version_locations, reading.form])
    known = _Known(Cache(where, cached))
    facts = known.of(source, paths, reading)
    parsed = [revision_from(path, each) for path, each in zip(paths, facts, strict=True)]
    history = History(
        environment,
        [each for each in parsed if isinstance(each, Revision)],
        [each for each in parsed if isinstance(each, Unreadable)],
        source,
    )
    findings = tuple(
        finding
        for path, each in zip(paths, facts, strict=True)
        if each[2]
        for finding in findings_from(path, each)
    )
    return Read(history, findings, len(paths))


def revision_files(source: "Source", environment: "Environment") -> list[str]:
    """List the files that Alembic would load; others lie in the folder unread.

    Raises:
        CannotJudgeError: A folder is missing, or there is no revision in any.
    """
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


class _Known:
    """What is known of files: by their signature on disk, and by their content."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache
        table = cache.load()
        self.seen: dict[str, tuple[object, str]] = table.get("seen", {})
        """By path: the signature under which a file was last seen, and the content id then."""
        self.facts: dict[str, Facts] = table.get("facts", {})
        """By content id and path."""

    def of(self, source: "Source", paths: "Sequence[str]", reading: Reading) -> list[Facts]:
        """Return the facts of each path, reading only what is not known."""
        now = time.time_ns()
        signatures = source.signatures(paths)
        found: list[Facts | None] = []
        for path, signature in zip(paths, signatures, strict=True):
            content_id = signature
            if not isinstance(signature, str):
                seen = self.seen.get(path)
                content_id = seen[1] if seen is not None and seen[0] == signature else None
            found.append(self.facts.get(f"{content_id} {path}"))
        unknown = [at for at, facts in enumerate(found) if facts is None]
        if not unknown:
            return found  # type: ignore[return-value]  # none of them is None
        contents = list(source.read([paths[at] for at in unknown]))
        ids = [content.id() for content in contents]
        fresh = [
            at
            for at, (content, content_id) in enumerate(zip(contents, ids, strict=True))
            if f"{content_id} {content.path}" not in self.facts
        ]
        computed = all_facts([contents[at] for at in fresh], reading)
        learnt = dict(zip(fresh, computed, strict=True))
        for number, at in enumerate(unknown):
            key = f"{ids[number]} {paths[at]}"
            facts = learnt.get(number) or self.facts[key]
            found[at] = facts
            if contents[number].error is None and lasting(facts):
                self.facts[key] = facts
                self._note(paths[at], signatures[at], ids[number], now)
        if reading.whole:
            self._save(paths)
        return found  # type: ignore[return-value]  # none of them is None any more

    def _note(self, path: str, signature: object, content_id: str, now: int) -> None:
        """Remember a signature, unless the file may still change without a change of it."""
        if isinstance(signature, tuple) and max(signature[1], signature[2]) < now - _RACY_NS:
            self.seen[path] = (signature, content_id)

    def _save(self, paths: "Sequence[str]") -> None:
        if len(self.facts) > _KEPT * len(paths) + 100:
            here = {*paths}
            self.facts = {
                key: facts
                for key, facts in list(self.facts.items())[-_KEPT * len(paths) :]
                if key.partition(" ")[2] in here
            }
            self.seen = {path: seen for path, seen in self.seen.items() if path in here}
        self.cache.save({"seen": self.seen, "facts": self.facts})
