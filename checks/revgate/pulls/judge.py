"""Judges what merging each open pull request into the current base would do.

The base is read once. Most pull requests only add revisions to a base without errors; those are
judged with the part of the base that they build on. All others are judged with the whole history.
"""

from __future__ import annotations

import posixpath
import re
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

from revgate.checking import merge as merge_checks
from revgate.checking.agreement import EVERYTHING
from revgate.checking.file_rules import judge_file
from revgate.checking.history import list_named, place
from revgate.checking.ruling import settings_in
from revgate.errors import CannotJudgeError, RevgateError, UsageError
from revgate.history.read import Read, list_files, read
from revgate.history.tree import GitTree
from revgate.pulls.changes import Changed, Changes, changes_of
from revgate.pulls.pull import Pull, Verdict
from revgate.pulls.window import Window
from revgate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from revgate.environments import Environment
    from revgate.findings import Finding
    from revgate.pulls.pull import PullsOptions

# The parts of a pyproject.toml that may concern Alembic; most change for other reasons.
_CONFIGURES = re.compile(rb"revgate|script_location|version_locations|\balembic\b\s*[\"'\]=.]")
_THREADS = 4


class Base:
    """The current state of the base."""

    def __init__(self, options: PullsOptions, commit: str) -> None:
        """Read the base.

        Raises:
            CannotJudgeError: There is nothing in it to judge.
            UsageError: The settings name something that does not exist.
        """
        self.options = options
        self.commit = commit
        source = GitTree(options.root, commit)
        source.name = "the base"
        settings = _settings(source, options)
        self.choice = options.request.choose(settings)
        listed, _ = list_named(source, settings, options.request.environment)
        self.environments = [each for each, _ in listed]
        _need_no_links(source, self.environments)
        self.reads = [
            # Published files were judged when they were new: reading their headers is enough.
            read(
                source,
                each,
                judge_file,
                whole=False,
                cached=options.cached,
                listed=files,
            )
            for each, files in listed
        ]

    def judge(self, pulls: Iterable[Pull]) -> list[Verdict]:
        """Judge pull requests, each on its own."""
        pulls = list(pulls)
        # git does the work here, so threads do help.
        with ThreadPoolExecutor(_THREADS) as pool:
            changes = list(pool.map(self._changes, pulls))
        return [
            each if isinstance(each, Verdict) else self._judge(pull, each)
            for pull, each in zip(pulls, changes, strict=True)
        ]

    def _changes(self, pull: Pull) -> Changes | Verdict:
        try:
            return changes_of(self.options.root, self.commit, pull.head)
        except CannotJudgeError as error:
            return Verdict(pull, problem=str(error))

    def _judge(self, pull: Pull, changes: Changes) -> Verdict:
        if not self._is_concerned(changes):
            return Verdict(pull, concerned=False)
        try:
            added = [(each, self._added(each, changes)) for each in self.reads]
            verdict = self._quickly(pull, changes, added) or self._wholly(pull)
        except RevgateError as error:
            return Verdict(pull, problem=str(error))
        return verdict._replace(added=frozenset(_names(added)), anchors=frozenset(_anchors(added)))

    def _is_concerned(self, changes: Changes) -> bool:
        return any(map(self._is_below, changes.paths)) or self._configures(changes)

    def _is_below(self, path: str) -> bool:
        """Whether a path lies where an environment has its revisions."""
        return any(
            folder == "." or path.startswith(f"{folder}/")
            for each in self.environments
            for folder in each.version_locations
        )

    def _configures(self, changes: Changes) -> bool:
        """Whether the pull request may change which revisions there are, or the settings."""
        names = {posixpath.basename(path) for path in changes.paths}
        files = {each.config for each in self.environments} | {self.options.request.config or ""}
        if names & {"alembic.ini", "revgate.toml"} or not files.isdisjoint(changes.paths):
            return True
        if any(map(self._may_go_before, changes.paths)):
            return True
        tomls = [path for path in changes.paths if path.endswith("pyproject.toml")]
        return any(_CONFIGURES.search(data) for data in changes.contents(tomls))

    def _may_go_before(self, path: str) -> bool:
        """Whether a path is in a folder that Alembic might find in place of one of the base's."""
        folders = {
            posixpath.basename(folder)
            for each in self.environments
            for folder in (each.script_location, *each.version_locations)
        }
        return not self._is_known(path) and not folders.isdisjoint(path.split("/")[:-1])

    def _is_known(self, path: str) -> bool:
        """Whether a path is below a script location of the base."""
        places = [f"{each.script_location}/" for each in self.environments]
        return self._is_below(path) or any(map(path.startswith, places))

    def _added(self, base: Read, changes: Changes) -> Read | None:
        """Read the revision files of one environment that the pull request adds or changes."""
        environment = base.history.environment
        source = Changed(self.options.root, changes)
        try:
            listed = list_files(source, environment)
        except CannotJudgeError:  # none of them is a revision file
            return None
        return read(source, environment, judge_file, cached=False, listed=listed)

    def _quickly(
        self, pull: Pull, changes: Changes, added: list[tuple[Read, Read | None]]
    ) -> Verdict | None:
        """Judge a pull request that only adds to a sound base; None if it does more."""
        below = [path for path in changes.paths if self._is_below(path)]
        if not changes.only_adds(below) or self._configures(changes) or not self._is_sound:
            return None
        findings: list[Finding] = []
        for (_, new), window in zip(added, self._windows, strict=True):
            if new is not None:
                found = window.judge(new, changes)
                if found is None:
                    return None
                findings += found
        return Verdict(pull, tuple(sorted({*findings}, key=place)))

    @cached_property
    def _windows(self) -> list[Window]:
        return [Window(self.options.root, self.commit, self.choice, each) for each in self.reads]

    @cached_property
    def _is_sound(self) -> bool:
        """Whether the base's chain has no errors: any finding then comes from the pull request."""
        return all(window.is_usable for window in self._windows)

    def _wholly(self, pull: Pull) -> Verdict:
        options = self.options
        request = options.request
        if options.label is not None and options.label in pull.labels:
            request = request._replace(allowed=(*request.allowed, EVERYTHING))
        checked = merge_checks.check(
            options.root, request, ours=pull.head, against=self.commit, cached=options.cached
        )
        return Verdict(pull, checked.result.findings)


def _settings(source: GitTree, options: PullsOptions) -> Settings:
    """Return the settings of the base; the default ones if they are invalid."""
    try:
        return settings_in(source, options.request.config)
    except UsageError:
        return Settings()


def _need_no_links(source: GitTree, found: Iterable[Environment]) -> None:
    """Check that revision folders are not links: a pull request is matched by its paths.

    Raises:
        CannotJudgeError: One of the folders is a link.
    """
    for environment in found:
        for folder in environment.version_locations:
            if (real := source.lies(folder)) != folder:
                raise CannotJudgeError(
                    f"{environment.config}: {folder} is a link to {real}, so changes that a pull"
                    " request makes there cannot be detected; use"
                    f" {real} in version_locations"
                )


def _names(added: list[tuple[Read, Read | None]]) -> Iterator[tuple[str, str, str]]:
    for base, new in added:
        for each in new.history.revisions if new else ():
            if each.id not in base.history.graph.by_id:
                yield base.history.environment.name, each.id, each.path


def _anchors(added: list[tuple[Read, Read | None]]) -> Iterator[tuple[str, str]]:
    for base, new in added:
        known = base.history.graph.by_id
        for each in new.history.revisions if new else ():
            if each.id not in known:
                for parent in each.parents or ("",):
                    if parent in known or not parent:
                        yield base.history.environment.name, parent


def with_rivals(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Add to each clean verdict the other clean pull requests that it conflicts with.

    Two conflict when both add a revision after the same parent, unless one contains everything
    the other adds: a branch stacked on another.
    """
    rivals: dict[int, list[int]] = {}
    clean = [each for each in verdicts if each.state == "success" and each.added]
    for one, other in combinations(clean, 2):
        if one.anchors & other.anchors and not (
            one.added <= other.added or other.added <= one.added
        ):
            rivals.setdefault(one.pull.number, []).append(other.pull.number)
            rivals.setdefault(other.pull.number, []).append(one.pull.number)
    return [
        each._replace(rivals=tuple(sorted(rivals.get(each.pull.number, ())))) for each in verdicts
    ]
