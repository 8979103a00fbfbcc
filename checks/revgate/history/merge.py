"""A merge that has not happened yet: the histories of a branch, of its base, and of the merge."""

from __future__ import annotations

import os
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from revgate.errors import CannotJudgeError, UsageError
from revgate.git import GitRefusedError, commit_tree, git, is_shallow, resolve
from revgate.history.fingerprint import fingerprint
from revgate.history.source import paths_in
from revgate.history.tree import GitTree
from revgate.target_branch import explain_missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from revgate.history.history import History
    from revgate.history.revision import Revision


class Sides(NamedTuple):
    """The three trees of a merge; nothing is checked out."""

    ours: GitTree
    base: GitTree
    merged: GitTree

    def changed(self, one: GitTree, other: GitTree, folders: Sequence[str]) -> list[str]:
        """Return the paths in some folders that differ between two of the trees, sorted."""
        sides = (one, other)
        if any(side.lies(folder) != folder for side in sides for folder in folders):
            return _different(one, other, folders)
        return _changed_paths(one, other, folders)


class Squash(NamedTuple):
    """One new first revision in place of all published ones up to some point."""

    first: Revision
    """The new one."""
    last: str
    """The last of those that it replaces; its id too, where the new one keeps it."""
    replaced: frozenset[str]
    followers: frozenset[str]
    """The published revisions that come right behind it."""


class Merge:
    """The subject of the rules on published history."""

    def __init__(
        self, sides: Sides, base: History, merged: History, *, is_gone: bool = False
    ) -> None:
        """Put two histories of one environment together.

        Args:
            sides: The trees that they were read from.
            base: As the target branch has it.
            merged: As it would have it after the merge.
            is_gone: Whether the merge would take the environment away.
        """
        self.sides = sides
        self.base = base
        self.merged = merged
        self.is_gone = is_gone
        self.released: Callable[[], dict[str, str]] = dict
        """Returns the branch that has each revision of other published branches, by its id."""
        self.told_heads: list[list[Revision]] = []
        """Groups of heads that `multiple-heads` reports, since the branch has them already."""

    @cached_property
    def new(self) -> tuple[Revision, ...]:
        """The revisions that are not in the base, parents before children."""
        graph = self.merged.graph
        return tuple(graph.by_id[key] for key in graph.order if key not in self.base.graph.by_id)

    @cached_property
    def edited(self) -> list[tuple[Revision, Revision]]:
        """Each published revision whose effect changes with the merge; before and after."""
        pairs = [
            (before, after)
            for key, before in self.base.graph.by_id.items()
            for after in self._afters(key)
            if before is not after
        ]
        olds = self.sides.base.signatures([before.path for before, _ in pairs])
        news = self.sides.merged.signatures([after.path for _, after in pairs])
        pairs = [
            pair
            for pair, old, new in zip(pairs, olds, news, strict=True)
            if old is None or old != new
        ]
        before_texts = self._contents(self.sides.base, [before.path for before, _ in pairs])
        after_texts = self._contents(self.sides.merged, [after.path for _, after in pairs])
        return [
            (before, after)
            for before, after in pairs
            if (before.labels, before.depends_on) != (after.labels, after.depends_on)
            or fingerprint(before_texts[before.path]) != fingerprint(after_texts[after.path])
        ]

    @cached_property
    def through(self) -> list[tuple[Revision, list[str]]]:
        """Each published revision whose effect changes by other files, and those files.

        They are what it imports or opens. What cannot be followed is noted.
        """
        graph = self.merged.graph
        own = {each.path for side in (self.base, self.merged) for each in side.revisions}
        changed = [each for each in self._changed() if each not in own]
        if not changed or self.is_gone:
            return []
        from revgate.history.followed import Follower, candidates

        environments = self.base.environment, self.merged.environment
        maybe = candidates(self.sides.base, environments[0], changed)
        already = {after.id for _, after in self.edited}
        pairs = [
            (before, graph.by_id[key])
            for key, before in self.base.graph.by_id.items()
            if before.path in maybe and key in graph.by_id and key not in already
        ]
        trees = self.sides.base, self.sides.merged
        olds = self._contents(trees[0], [before.path for before, _ in pairs])
        news = self._contents(trees[1], [after.path for _, after in pairs])
        here, there = map(Follower, trees, environments)
        opened = [each for each in changed if not each.endswith(".py")]
        found = []
        for before, after in pairs:
            old = here.reach(before.path, olds[before.path], opened)
            new = there.reach(after.path, news[after.path], opened)
            if paths := old.differing(new):
                found.append((after, paths))
            if new.computed:
                self.merged.notes.append(
                    f"{after.path}: it uses {new.computed} by a computed name, so whether that"
                    " changed was not checked"
                )
        return found

    def _changed(self) -> list[str]:
        """Return the paths that differ between the target branch and the merge."""
        return self.sides.changed(self.sides.base, self.sides.merged, ())

    def _afters(self, key: str) -> list[Revision]:
        """Return the revision with an id after the merge; of several, the one that counts.

        If no rule reports the duplicates, return all: it is arbitrary which one counts.
        """
        graph = self.merged.graph
        if key in graph.duplicates and "duplicate-revision" not in self.merged.told:
            return graph.duplicates[key]
        return [graph.by_id[key]] if key in graph.by_id else []

    @staticmethod
    def _contents(source: GitTree, paths: list[str]) -> dict[str, bytes]:
        return {content.path: content.data for content in source.read(paths)}

    @cached_property
    def removed(self) -> list[Revision]:
        """The published revisions that the merge would leave out.

        Of a file that cannot be read, `unreadable-revision` tells; if it does not, this does.
        """
        told = "unreadable-revision" in self.merged.told
        there = self.merged.graph.by_id.keys() | (self.merged.graph.unread if told else set())
        return [each for key, each in self.base.graph.by_id.items() if key not in there]

    @cached_property
    def twins(self) -> dict[str, Revision]:
        """The new revision that does what a removed one did, under another id, by the old id."""
        if not self.removed or not self.new:
            return {}
        olds = self._contents(self.sides.base, [each.path for each in self.removed])
        news = self._contents(self.sides.merged, [each.path for each in self.new])
        by_effect = {fingerprint(news[each.path]): each for each in reversed(self.new)}
        found = {each.id: by_effect.get(fingerprint(olds[each.path])) for each in self.removed}
        return {key: twin for key, twin in found.items() if twin is not None}

    @cached_property
    def squash(self) -> Squash | None:
        """The squash that the merge would be, where it is one and nothing else."""
        before, after = self.base.graph, self.merged.graph
        removed = {each.id for each in self.removed}
        if not removed or len(after.bases) != 1:
            return None
        first = after.by_id[after.bases[0]]
        replaced = removed | ({first.id} & before.by_id.keys())
        last = [key for key in replaced if not {*before.children.get(key, ())} & replaced]
        if len(replaced) < 2 or len(last) != 1 or before.ancestors(*last) != replaced:
            return None
        if first.id in before.by_id and first.id != last[0]:
            return None
        followers = frozenset(before.children.get(last[0], ())) - replaced
        kept = [after.by_id[key] for key in followers if key in after.by_id]
        if len(kept) < len(followers) or any(each.parents != (first.id,) for each in kept):
            return None
        return Squash(first, last[0], frozenset(replaced), followers)


def open_sides(root: str, ours: str | GitTree | None, against: str) -> Sides:
    """Let git merge a commit, or the index, into the target branch.

    Conflicts do not stop it: git writes a tree anyway, and a revision file with conflict markers
    cannot be read, which is a finding.

    Args:
        root: The repository root.
        ours: A commit, by name or opened; None for the index.
        against: The base.

    Raises:
        CannotJudgeError: The base, or the common ancestor, is not in this clone; with the command
            that fetches it.
        UsageError: The commit `ours` does not exist.
    """
    base = _base(root, against)
    branch = _opened(root, ours)
    head = branch.revision or ""
    _need_common_ancestor(root, head, base.revision or "", against)
    words = ("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages")
    try:
        output = git(root, *words, head, base.revision or "", accept=(0, 1))
    except GitRefusedError as error:
        raise CannotJudgeError(f"{error}; this needs git 2.38 or newer") from None
    tree, *conflicts = os.fsdecode(output).split("\0")
    merged = _Merged(root, tree, _resolved(root, head, conflicts))
    merged.name = f"the merge with {against}"
    return Sides(branch, base, merged)


class _Merged(GitTree):
    """A merge, in which files that are in conflict are the branch's, except Python."""

    def __init__(self, root: str, tree: str, resolved: dict[str, str]) -> None:
        super().__init__(root, tree)
        self._resolved = resolved

    def _listed(self, specs: tuple[str, ...]) -> list[str]:
        found = super()._listed(specs)
        self._blobs.update(
            {path: blob for path, blob in self._resolved.items() if path in self._blobs}
        )
        return found


def _resolved(root: str, commit: str, conflicts: Sequence[str]) -> dict[str, str]:
    """Return the contents that the branch gives to files in conflict, except Python, by path.

    A revision file with a conflict is a finding. Configurations, settings and the head file are
    read as the branch has them, since git itself refuses to merge them.
    """
    paths = [path for path in conflicts if path and not path.endswith(".py")]
    if not paths:
        return {}
    listed = git(root, "ls-tree", "-z", "--full-tree", commit, "--", *paths)
    found = {}
    for entry in paths_in(listed):
        described, _, path = entry.partition("\t")
        _, kind, blob = described.split()
        if kind == "blob":
            found[path] = blob
    return found


def _base(root: str, against: str) -> GitTree:
    try:
        return GitTree.at(root, against)
    except UsageError:
        raise CannotJudgeError(absent(root, against)) from None


def absent(root: str, name: str) -> str:
    """Return what to say of a target branch that is not in this clone."""
    way = explain_missing(root, name)
    return f"the base {name!r} is not in this clone" + (f": {way}" if way else "")


def _opened(root: str, ours: str | GitTree | None) -> GitTree:
    if isinstance(ours, GitTree):
        return ours
    if ours is not None:
        return GitTree.at(root, ours)
    index = GitTree(root, commit_index(root))
    index.name = "the git index"
    return index


def commit_index(root: str, index: str | None = None) -> str:
    """Make a commit object of an index, without a reference to it: git merges only commits.

    Args:
        root: The repository root.
        index: The path of the index; by default the repository's own.
    """
    parents = [found for name in ("HEAD", "MERGE_HEAD") if (found := resolve(root, name))]
    variables = {} if index is None else {"GIT_INDEX_FILE": index}
    tree = git(root, "write-tree", variables=variables).decode().strip()
    return commit_tree(root, tree, parents, "not committed yet")


def _need_common_ancestor(root: str, head: str, base: str, against: str) -> None:
    if not git(root, "merge-base", head, base, accept=(0, 1)).strip():
        raise CannotJudgeError(unrelated(root, against))


def unrelated(root: str, name: str) -> str:
    """Return what to say of a target branch without a common ancestor in this clone."""
    fact = f"no common ancestor with {name!r} in this clone"
    if is_shallow(root):
        return f"{fact}, which is shallow: {explain_missing(root)}"
    return f"{fact}; their histories are unrelated"


def _changed_paths(one: GitTree, other: GitTree, folders: Iterable[str]) -> list[str]:
    within = tuple(f"{folder}/" for folder in folders if folder not in ("", "."))
    paths = _all_changed(one.root, one.revision or "", other.revision or "")
    return [path for path in paths if not within or path.startswith(within)]


@lru_cache(maxsize=2)
def _all_changed(root: str, one: str, other: str) -> list[str]:
    """Return the paths that differ: one question for all folders of a merge."""
    words = ("diff-tree", "-r", "-z", "--name-only", "--no-renames", one, other)
    return sorted(os.fsdecode(git(root, *words)).split("\0")[:-1])


def _different(one: GitTree, other: GitTree, folders: Iterable[str]) -> list[str]:
    """Compare file by file if a folder is a link: git would compare only the link itself."""
    paths = {path for side in (one, other) for path in _below(side, folders)}
    there = sorted(paths)
    pairs = zip(there, one.read(there), other.read(there), strict=True)
    return [path for path, before, after in pairs if before[1:2] != after[1:2]]


def _below(side: GitTree, folders: Iterable[str]) -> Iterator[str]:
    for folder in folders:
        if side.has_folder(folder):
            yield from side.files(folder, recursive=True)
