"""Finds out how long an id may be, from the text of env.py and of the revisions before it."""

from __future__ import annotations

import ast
import posixpath
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from revgate.history.history import History
    from revgate.source import Source

USUAL = 32
"""Characters of `version_num`: `DefaultImpl.version_table_impl` in alembic.ddl.impl."""
_MENTIONED = re.compile(rb"version_num|version_table_impl|_version\.c\b")
_WIDTH = re.compile(
    rb"\b(?:String|Unicode|(?:VAR|N)?CHAR|CHARACTER VARYING)\s*"
    rb"\(\s*(?:length\s*=\s*)?(\d+)",
    re.IGNORECASE,
)
_COMMENT = re.compile(rb"^\s*#.*$", re.MULTILINE)


def fits(history: History, key: str) -> bool:
    """Whether an id fits, or may fit because the version table was made wider.

    Only asked of ids that are too long for the usual table, since it reads files.
    """
    if len(key) <= USUAL:
        return True
    return any(_may_hold(text, len(key)) for text in _texts(history, key))


def _texts(history: History, key: str) -> Iterable[bytes]:
    """Yield the files that may make the table wider.

    They are env.py, what it imports of the project, and the revisions up to this one.
    """
    if history.source is None:
        return
    history.lasting = False
    by_id = history.graph.by_id
    env = f"{history.environment.script_location}/env.py".removeprefix("./")
    before = [by_id[each].path for each in history.graph.ancestors(key) if each in by_id]
    for content in history.source.read([env, *sorted(before)]):
        if content.error is None:
            yield content.data
            if content.path == env:
                yield from _imported(history, history.source, content.data)


def _imported(history: History, source: Source, data: bytes) -> Iterator[bytes]:
    """Yield the files of the project that a file imports; not what those import in turn."""
    from revgate.history.followed import roots_of

    environment = history.environment
    roots = [*roots_of(environment), *environment.import_roots]
    paths = [posixpath.join(root, path) for path in _modules(data) for root in roots]
    found = [path for path in dict.fromkeys(paths) if source.has_file(path)]
    yield from (content.data for content in source.read(found) if content.error is None)


def _modules(data: bytes) -> Iterator[str]:
    """Yield the paths that the imports of a file may mean."""
    from revgate.history.syntax import quietly

    try:
        with quietly():
            tree = ast.parse(data)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names = [module, *(f"{module}.{alias.name}".lstrip(".") for alias in node.names)]
        for name in filter(None, names):
            path = name.replace(".", "/")
            yield from (f"{path}.py", f"{path}/__init__.py")


def _may_hold(text: bytes, length: int) -> bool:
    """Whether a text defines the version table with enough room, or with a width it computes."""
    if _MENTIONED.search(text) is None:
        return False
    code = _COMMENT.sub(b"", text)
    if _MENTIONED.search(code) is None:
        return False
    widths = [int(width[:9]) for width in _WIDTH.findall(code)]
    return not widths or max(widths) >= length
