"""A merge that has not happened yet: the histories of a branch, of its base, and of the merge."""

from __future__ import annotations

import ast
import os
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from revgate.errors import CannotJudgeError, UsageError
from revgate.git import UNSHALLOW, GitRefusedError, commit_tree, git, is_shallow, resolve
from revgate.history.parse import NAMES
from revgate.history.tree import GitTree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from revgate.history.history import History
    from revgate.history.revision import Revision


class Sides(NamedTuple):
    """The three trees of a merge; nothing is checked out."""

    ours: GitTree
    base: GitTree
    merged: GitTree

    def changed(self, one: GitTree, other: GitTree, folders: Sequence[str]) -> list[str]:
        """Return the paths in some folders that differ between two of the trees, sorted."""
        sides = (self.ours, self.base)
        if any(side.lies(folder) != folder for side in sides for folder in folders):
            return _different(one, other, folders)
        return _changed_paths(one, other, folders)


class Merge:
    """The subject of the rules on published history."""

    def __init__(self, sides: Sides, ours: History, base: History, merged: History) -> None:
        """Combine the three histories of one environment."""
        self.sides = sides
        self.ours = ours
        self.base = base
        self.merged = merged
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
            if self._differ(before, after)
        ]
        olds = self._contents(self.sides.base, [before.path for before, _ in pairs])
        news = self._contents(self.sides.merged, [after.path for _, after in pairs])
        return [
            (before, after)
            for before, after in pairs
            if (before.labels, before.depends_on) != (after.labels, after.depends_on)
            or fingerprint(olds[before.path]) != fingerprint(news[after.path])
        ]

    def _afters(self, key: str) -> list[Revision]:
        """Return the revision with an id after the merge; of several, the one that counts.

        If no rule reports the duplicates, return all: it is arbitrary which one counts.
        """
        graph = self.merged.graph
        if key in graph.duplicates and "duplicate-revision" not in self.merged.told:
            return graph.duplicates[key]
        return [graph.by_id[key]] if key in graph.by_id else []

    def _differ(self, before: Revision, after: Revision) -> bool:
        """Whether the file may have changed; a revision read once for both sides is one object."""
        return (before is not after and before != after) or before.path in self._changed

    @cached_property
    def _changed(self) -> frozenset[str]:
        folders = self.base.environment.version_locations
        return frozenset(self.sides.changed(self.sides.base, self.sides.merged, folders))

    @staticmethod
    def _contents(source: GitTree, paths: list[str]) -> dict[str, bytes]:
        return {content.path: content.data for content in source.read(paths)}

    def twin(self, revision: Revision) -> Revision | None:
        """Return the new revision that does the same as a removed one, under another id."""
        wanted = fingerprint(self._contents(self.sides.base, [revision.path])[revision.path])
        contents = self._contents(self.sides.merged, [each.path for each in self.new])
        return next((each for each in self.new if fingerprint(contents[each.path]) == wanted), None)


def open_sides(root: str, ours: str | None, against: str) -> Sides:
    """Let git merge a commit, or the index, into the target branch.

    Conflicts do not stop it: git writes a tree anyway, and a revision file with conflict markers
    cannot be read, which is a finding.

    Args:
        root: The repository root.
        ours: A commit; None for the index.
        against: The base.

    Raises:
        CannotJudgeError: The base, or the common ancestor, is not in this clone; with the command
            that fetches it.
        UsageError: The commit `ours` does not exist.
    """
    base = _base(root, against)
    head = _index_commit(root) if ours is None else GitTree.at(root, ours).revision or ""
    _need_common_ancestor(root, head, base.revision or "", against)
    words = ("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages")
    try:
        output = git(root, *words, head, base.revision or "", accept=(0, 1))
    except GitRefusedError as error:
        raise CannotJudgeError(f"{error}; this needs git 2.38 or newer") from None
    tree = output.partition(b"\0")[0].decode()
    branch = GitTree(root, head)
    branch.name = "the git index" if ours is None else f"commit {ours}"
    merged = GitTree(root, tree)
    merged.name = f"the merge with {against}"
    return Sides(branch, base, merged)


def _base(root: str, against: str) -> GitTree:
    try:
        return GitTree.at(root, against)
    except UsageError:
        remote, _, branch = against.rpartition("/")
        fetch = f"git fetch {remote or 'origin'} {branch}"
        raise CannotJudgeError(
            f"the base {against!r} is not in this clone: run `{fetch}`"
        ) from None


def _index_commit(root: str) -> str:
    """Make a commit object of the index, which no reference points to: git merges only commits."""
    parents = [found for name in ("HEAD", "MERGE_HEAD") if (found := resolve(root, name))]
    return commit_tree(root, git(root, "write-tree").decode().strip(), parents, "the index")


def _need_common_ancestor(root: str, head: str, base: str, against: str) -> None:
    if git(root, "merge-base", head, base, accept=(0, 1)).strip():
        return
    why = UNSHALLOW if is_shallow(root) else "their histories are unrelated"
    raise CannotJudgeError(f"no common ancestor with {against!r} in this clone; {why}")


def _changed_paths(one: GitTree, other: GitTree, folders: Iterable[str]) -> list[str]:
    words = ("diff-tree", "-r", "-z", "--name-only", "--no-renames")
    trees = (one.revision or "", other.revision or "")
    output = git(one.root, *words, *trees, "--", *(folder for folder in folders if folder != "."))
    return sorted(os.fsdecode(output).split("\0")[:-1])


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


def fingerprint(data: bytes) -> str | bytes:
    """Return what a revision does, regardless of how it is written.

    Comments, docstrings, formatting, the order of imports, annotations and the four names at the
    top (which other rules compare) make no difference. A file that does not parse is its bytes.
    """
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return data
    kept = [each for each in tree.body if not _is_head(each)]
    try:
        return "\n".join(ast.dump(_bare(each)) for each in kept)
    except RecursionError:
        return data


def _is_head(statement: ast.stmt) -> bool:
    match statement:
        case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name in NAMES
    return False


def _bare(statement: ast.stmt) -> ast.stmt:
    """Strip docstrings and annotations."""
    for node in ast.walk(statement):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                node.returns = None
                node.body = [each for each in node.body if not _is_text(each)] or [ast.Pass()]
            case ast.arg():
                node.annotation = None
            case ast.AnnAssign():
                node.annotation = ast.Constant(None)
    return statement


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
