"""Finds out how long an id may be, from the text of env.py and of the revisions before it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from revgate.history.history import History

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
    """Return the files that may make the table wider: env.py, and the revisions up to this one."""
    if history.source is None:
        return
    history.lasting = False
    by_id = history.graph.by_id
    env = f"{history.environment.script_location}/env.py".removeprefix("./")
    before = [by_id[each].path for each in history.graph.ancestors(key) if each in by_id]
    for content in history.source.read([env, *sorted(before)]):
        if content.error is None:
            yield content.data


def _may_hold(text: bytes, length: int) -> bool:
    """Whether a text defines the version table with enough room, or with a width it computes."""
    if _MENTIONED.search(text) is None:
        return False
    code = _COMMENT.sub(b"", text)
    if _MENTIONED.search(code) is None:
        return False
    widths = [int(width[:9]) for width in _WIDTH.findall(code)]
    return not widths or max(widths) >= length
