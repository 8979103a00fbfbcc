"""Follows revisions into the files of the project that they import or open."""

from __future__ import annotations

import os
import posixpath
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from revgate.git import git
from revgate.history.fingerprint import Module, Used, read_module

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.environments import Environment
    from revgate.history.tree import GitTree

_FOREIGN = frozenset(("alembic", "sqlalchemy"))
_IMPORTERS = ("importlib", "runpy")
"""Modules that import a module by a string."""


class Reach(NamedTuple):
    """What a revision uses of other files."""

    parts: dict[str, set[str]]
    """By path: what is used of it, as text to compare."""
    computed: str = ""
    """What cannot be followed, since its name is computed; empty if there is no such thing."""

    def differing(self, other: Reach) -> list[str]:
        """Return the paths of which the two use something else, sorted."""
        paths = self.parts.keys() | other.parts.keys()
        return sorted(path for path in paths if self.parts.get(path) != other.parts.get(path))


class Follower:
    """The files of one tree, as revisions find them."""

    def __init__(self, tree: GitTree, environment: Environment) -> None:
        self._tree = tree
        self._roots = roots_of(environment)
        self._modules: dict[str, Module | bytes] = {}

    def reach(self, path: str, data: bytes, opened: Sequence[str]) -> Reach:
        """Follow one revision.

        Args:
            path: Its path.
            data: Its content.
            opened: The files, other than modules, that may matter.
        """
        module = read_module(data)
        parts: dict[str, set[str]] = {}
        if module is None:
            return Reach(parts)
        used = module.used(module.entries())
        by_text = any(name.partition(".")[0] in _IMPORTERS for name in used.names)
        named = {text for text in used.texts if by_text and self._locate(text)}
        self._follow({*used.names, *module.stars, *named}, parts)
        computed = "a module" if by_text and not named else ""
        for each in opened:
            match _names(path, each, used.texts):
                case True:
                    parts[each] = {repr(self._content(each))}
                case None:
                    computed = computed or f"a file such as `{each}`"
        return Reach(parts, computed)

    def _follow(self, names: set[str], parts: dict[str, set[str]]) -> None:
        waiting, seen = sorted(names), set(names)
        while waiting:
            found = self._locate(waiting.pop())
            if found is None:
                continue
            path, name = found
            module = self._module(path)
            if isinstance(module, bytes):
                parts.setdefault(path, set()).add(repr(module))
                continue
            used, more = _of_module(module, name)
            if used.lines:
                parts.setdefault(path, set()).update(used.lines)
            further = {_absolute(each, path) for each in (*used.names, *more)} - seen
            seen |= further
            waiting += sorted(further)

    def _locate(self, name: str) -> tuple[str, str] | None:
        """Return the file of a dotted name, and the name in it; empty for all of the file."""
        parts = name.split(".")
        if parts[0] in _FOREIGN or not all(part.isidentifier() for part in parts):
            return None
        for size in range(len(parts), 0, -1):
            for root in self._roots:
                base = posixpath.join(root, *parts[:size])
                for path in (f"{base}.py", f"{base}/__init__.py"):
                    if self._tree.has_file(path):
                        return path, parts[size] if size < len(parts) else ""
        return None

    def _module(self, path: str) -> Module | bytes:
        if path not in self._modules:
            data = self._content(path)
            self._modules[path] = read_module(data) or data
        return self._modules[path]

    def _content(self, path: str) -> bytes:
        return next(iter(self._tree.read([path]))).data


def _of_module(module: Module, name: str) -> tuple[Used, list[str]]:
    """Return what a name of a module stands for, and where else to look for it."""
    if not name:
        return module.used(module.all()), module.stars
    if name in module.imported:
        return Used((), frozenset(), frozenset()), [module.imported[name]]
    used = module.used(module.defining(name))
    return used, [] if used.lines else [f"{star}.{name}" for star in module.stars]


def _absolute(name: str, path: str) -> str:
    """Return the full name of what a module at a path imports."""
    rest = name.lstrip(".")
    level = len(name) - len(rest)
    if not level:
        return name
    folders = path.split("/")[:-1]
    return ".".join([*folders[: max(len(folders) - level + 1, 0)], *filter(None, rest.split("."))])


def roots_of(environment: Environment) -> list[str]:
    """Return the folders in which a revision's imports may be found."""
    script = environment.script_location
    folders = [*environment.module_folders, posixpath.dirname(script), script]
    return list(dict.fromkeys("" if each == "." else each.rstrip("/") for each in folders))


def _names(revision: str, path: str, texts: frozenset[str]) -> bool | None:
    """Whether a revision names a file; None if it may, by a name that is computed."""
    name = posixpath.basename(path)
    stem, dot, ending = name.rpartition(".")
    own = posixpath.basename(revision).rpartition(".")[0]
    answer: bool | None = False
    for text in texts:
        written = posixpath.normpath(text.replace("\\", "/"))
        if posixpath.basename(written) == name:
            return True
        if dot and text == f".{ending}" and stem == own:
            return True
        if dot and text.endswith(f".{ending}") and len(text) < len(name) and name.endswith(text):
            answer = None
    return answer


def candidates(tree: GitTree, environment: Environment, changed: Sequence[str]) -> set[str]:
    """Return the revisions that may import or open one of some files.

    Args:
        tree: A tree that has them.
        environment: Whose revisions.
        changed: The files.
    """
    patterns = []
    if any(path.endswith(".py") for path in changed):
        names = "|".join(sorted({*_top_names(tree, environment), *_IMPORTERS}))
        patterns.append(
            rf"(from|import)[[:space:]]([^#]*[^[:alnum:]_.])?({names})([^[:alnum:]_]|$)"
        )
    endings = sorted({os.path.splitext(path)[1] or posixpath.basename(path) for path in changed})
    patterns += [re.escape(each) for each in endings if each != ".py"]
    folders = tuple(each for each in environment.version_locations if each != ".")
    return set().union(
        *(_mentioning(tree.root, tree.revision or "", folders, each) for each in patterns)
    )


def _top_names(tree: GitTree, environment: Environment) -> Iterator[str]:
    """Yield the names of the modules and packages of the project."""
    paths = tree.files("", recursive=True)
    for root in roots_of(environment):
        prefix = f"{root}/" if root else ""
        for path in paths:
            if path.endswith(".py") and path.startswith(prefix):
                name = path[len(prefix) :].partition("/")[0].removesuffix(".py")
                if name.isidentifier() and name not in _FOREIGN:
                    yield name


@lru_cache(maxsize=64)
def _mentioning(root: str, commit: str, folders: tuple[str, ...], pattern: str) -> frozenset[str]:
    """Return the files of a commit that match a pattern."""
    words = ("grep", "-l", "-z", "-a", "-E", "-e", pattern, commit, "--", *folders)
    found = os.fsdecode(git(root, *words, accept=(0, 1))).split("\0")[:-1]
    return frozenset(each.removeprefix(f"{commit}:") for each in found)
